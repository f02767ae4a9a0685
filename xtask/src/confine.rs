//! `__confine`: starts a program that can reach only what it was given.
//!
//! The program is what a candidate wrote, or cargo while it builds that. Landlock limits the files, the
//! TCP ports, the signals and the abstract sockets; a system call filter refuses the sockets that
//! Landlock does not know; all capabilities are dropped. None of it needs root, and the program cannot
//! undo it. The process stays the same one: after it has confined itself it becomes the program.

use std::path::PathBuf;

use clap::Args;
use serde::{Deserialize, Serialize};

/// The exit code of a launcher that cannot confine. The kit knows it as well.
pub(crate) const CANNOT_CONFINE: u8 = 125;

/// The exit code of a launcher whose program cannot be run.
pub(crate) const CANNOT_RUN: u8 = 127;

/// Start a program that can reach only what the options name. Used by `grade`.
#[derive(Debug, Args)]
pub(crate) struct Confine {
    /// Files and folders that may be read and executed
    #[arg(long, value_name = "PATH")]
    read: Vec<PathBuf>,

    /// Folders that may be written as well
    #[arg(long, value_name = "PATH")]
    write: Vec<PathBuf>,

    /// TCP ports on which it may listen
    #[arg(long, value_name = "PORT")]
    bind: Vec<u16>,

    /// TCP ports to which it may connect
    #[arg(long, value_name = "PORT")]
    connect: Vec<u16>,

    /// Leave the network open, for downloads
    #[arg(long)]
    network: bool,

    /// Refuse to change the permissions and times of files by their names, which Landlock permits
    #[arg(long)]
    keep_attributes: bool,

    /// The largest file that it may write, in bytes
    #[arg(long, value_name = "BYTES")]
    file_size: Option<u64>,

    /// Its HOME
    #[arg(long, value_name = "PATH")]
    home: Option<PathBuf>,

    /// Its TMPDIR
    #[arg(long, value_name = "PATH")]
    tmp: Option<PathBuf>,

    /// What its own errors begin with, so that nothing that the program prints can pass for one
    #[arg(long, value_name = "WORD", default_value = "xtask")]
    mark: String,

    /// Print what the kernel enforces, as JSON, instead of starting a program
    #[arg(long)]
    probe: bool,

    /// The program and its arguments
    #[arg(last = true, value_name = "PROGRAM")]
    program: Vec<std::ffi::OsString>,
}

/// What the kernel of this machine enforces.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Enforced {
    /// The version of Landlock's interface, such as 7.
    pub(crate) landlock: u32,
    /// What a confined program cannot do, in words.
    pub(crate) prevented: Vec<String>,
    /// What the kernel is too old to prevent, in words.
    pub(crate) not_prevented: Vec<String>,
}

#[cfg(target_os = "linux")]
pub(crate) use linux::{confine, enforced, system_folders};

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::{path::PathBuf, process::ExitCode};

    use anyhow::{Result, bail};

    use super::{CANNOT_CONFINE, Confine, Enforced};

    pub(crate) fn confine(_args: &Confine) -> ExitCode {
        eprintln!("xtask: Failed to confine: only Linux can");
        ExitCode::from(CANNOT_CONFINE)
    }

    pub(crate) fn enforced() -> Result<Enforced> {
        bail!("only Linux can")
    }

    pub(crate) fn system_folders() -> Vec<PathBuf> {
        Vec::new()
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) use elsewhere::{confine, enforced, system_folders};

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        collections::BTreeMap,
        env,
        os::unix::process::CommandExt,
        path::{Path, PathBuf},
        process::{Command, ExitCode},
    };

    use anyhow::{Context, Result, bail};
    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, LandlockStatus,
        NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus, Scope,
        path_beneath_rules,
    };
    use rustix::{
        process::{Resource, Rlimit, getrlimit, setrlimit},
        thread::{CapabilitySet, CapabilitySets, set_capabilities},
    };
    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
        SeccompRule, TargetArch, apply_filter,
    };

    use super::{CANNOT_CONFINE, CANNOT_RUN, Confine, Enforced};

    /// The newest interface whose restrictions are asked for. Older kernels enforce what they know.
    const NEWEST: ABI = ABI::V9;

    /// Programs and libraries of the system.
    const SYSTEM: [&str; 12] = [
        "/bin",
        "/gnu/store",
        "/lib",
        "/lib32",
        "/lib64",
        "/libx32",
        "/nix/store",
        "/opt",
        "/run/current-system",
        "/sbin",
        "/snap",
        "/usr",
    ];

    /// Settings that programs read, none of which is a secret.
    const SETTINGS: [&str; 36] = [
        "/etc/alternatives",
        "/etc/ca-certificates",
        "/etc/crypto-policies",
        "/etc/debian_version",
        "/etc/environment",
        "/etc/fonts",
        "/etc/gai.conf",
        "/etc/group",
        "/etc/host.conf",
        "/etc/hostname",
        "/etc/hosts",
        "/etc/inputrc",
        "/etc/ld.so.cache",
        "/etc/ld.so.conf",
        "/etc/ld.so.conf.d",
        "/etc/ld.so.preload",
        "/etc/locale.alias",
        "/etc/locale.conf",
        "/etc/localtime",
        "/etc/lsb-release",
        "/etc/mime.types",
        "/etc/nsswitch.conf",
        "/etc/os-release",
        "/etc/passwd",
        "/etc/pki/tls/certs",
        "/etc/pki/ca-trust/extracted",
        "/etc/profile",
        "/etc/protocols",
        "/etc/python3",
        "/etc/resolv.conf",
        "/etc/services",
        "/etc/shells",
        "/etc/ssl/certs",
        "/etc/ssl/openssl.cnf",
        "/etc/timezone",
        "/etc/terminfo",
    ];

    /// What a runtime asks the kernel about the machine and about itself; no other process is there.
    const KERNEL: [&str; 15] = [
        "/proc/self",
        "/proc/cgroups",
        "/proc/cpuinfo",
        "/proc/filesystems",
        "/proc/loadavg",
        "/proc/meminfo",
        "/proc/stat",
        "/proc/sys",
        "/proc/uptime",
        "/proc/version",
        "/proc/vmstat",
        "/sys/devices/system/cpu",
        "/sys/devices/system/node",
        "/sys/fs/cgroup",
        "/sys/kernel/mm",
    ];

    const DEVICES: [&str; 5] =
        ["/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"];

    /// Calls that no build and no server needs: they leave memory and messages behind, read the keys
    /// that the kernel keeps for a user, or make sockets that no filter sees.
    const NEVER: [i64; 8] = [
        libc::SYS_add_key,
        libc::SYS_io_uring_setup,
        libc::SYS_keyctl,
        libc::SYS_mq_open,
        libc::SYS_msgget,
        libc::SYS_request_key,
        libc::SYS_semget,
        libc::SYS_shmget,
    ];

    /// Calls that change the permissions or times of a file by its name.
    #[cfg(target_arch = "x86_64")]
    const SET_BY_NAME: [i64; 6] = [
        libc::SYS_chmod,
        libc::SYS_fchmodat,
        FCHMODAT2,
        libc::SYS_futimesat,
        libc::SYS_utime,
        libc::SYS_utimes,
    ];

    #[cfg(not(target_arch = "x86_64"))]
    const SET_BY_NAME: [i64; 2] = [libc::SYS_fchmodat, FCHMODAT2];

    /// The same number on every processor.
    const FCHMODAT2: i64 = 452;

    /// The folders and files that every confined program may read.
    pub(crate) fn system_folders() -> Vec<PathBuf> {
        let java = std::fs::read_dir("/etc").into_iter().flatten().flatten();
        let java = java.filter(|entry| entry.file_name().to_string_lossy().starts_with("java"));
        SYSTEM
            .iter()
            .chain(&SETTINGS)
            .map(PathBuf::from)
            .chain(java.map(|entry| entry.path()))
            .collect()
    }

    pub(crate) fn confine(args: &Confine) -> ExitCode {
        let enforced = match restrict(args) {
            Ok(enforced) => enforced,
            Err(error) => {
                eprintln!("{}: Failed to confine: {error:#}", args.mark);
                return ExitCode::from(CANNOT_CONFINE);
            }
        };
        if args.probe {
            println!("{}", serde_json::json!(enforced));
            return ExitCode::SUCCESS;
        }
        let Some((program, arguments)) = args.program.split_first() else {
            eprintln!("{}: Failed to run: no program was named", args.mark);
            return ExitCode::from(CANNOT_RUN);
        };
        let mut command = Command::new(program);
        command.args(arguments);
        for (name, folder) in [("HOME", &args.home), ("TMPDIR", &args.tmp)] {
            if let Some(folder) = folder {
                command.env(name, folder);
            }
        }
        let error = command.exec();
        eprintln!("{}: Failed to run {}: {error}", args.mark, Path::new(program).display());
        ExitCode::from(CANNOT_RUN)
    }

    /// Asks a launcher what it can do here.
    ///
    /// # Errors
    ///
    /// The kernel cannot confine, with the reason.
    pub(crate) fn enforced() -> Result<Enforced> {
        let program = env::current_exe().context("this program cannot find itself")?;
        let output = Command::new(program).args(["__confine", "--probe"]).output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("{}", said.trim().trim_start_matches("xtask: Failed to confine: "));
        }
        serde_json::from_slice(&output.stdout).context("the launcher said something else")
    }

    /// Confines this process.
    fn restrict(args: &Confine) -> Result<Enforced> {
        limit(Resource::Core, 0)?;
        if let Some(bytes) = args.file_size {
            limit(Resource::Fsize, bytes)?;
        }
        let none = CapabilitySet::empty();
        set_capabilities(
            None,
            CapabilitySets { effective: none, permitted: none, inheritable: none },
        )
        .context("capabilities cannot be dropped")?;
        let landlock = restrict_paths_and_ports(args)?;
        let filters_sockets = if args.network { true } else { filter_calls(args)? };
        Ok(words(landlock, filters_sockets))
    }

    fn limit(resource: Resource, most: u64) -> Result<()> {
        let most = getrlimit(resource).maximum.map_or(most, |maximum| maximum.min(most));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) })
            .context("resource limits cannot be set")
    }

    fn restrict_paths_and_ports(args: &Confine) -> Result<u32> {
        let read = AccessFs::from_read(NEWEST);
        let open = AccessFs::ReadFile | AccessFs::ReadDir;
        let write = AccessFs::from_all(NEWEST) & !AccessFs::MakeChar & !AccessFs::MakeBlock;
        let device: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::WriteFile;

        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?;
        if !args.network {
            ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST))?;
        }
        let mut ruleset = ruleset
            .create()?
            .add_rules(path_beneath_rules(system_folders(), read))?
            .add_rules(path_beneath_rules(KERNEL, open))?
            .add_rules(path_beneath_rules(DEVICES, device))?
            .add_rules(path_beneath_rules(&args.read, read))?
            .add_rules(path_beneath_rules(&args.write, write))?
            .add_rules(path_beneath_rules(args.home.iter().chain(&args.tmp), write))?;
        if !args.network {
            for &port in &args.bind {
                ruleset = ruleset.add_rule(NetPort::new(port, AccessNet::BindTcp))?;
            }
            // A server may ask itself.
            for &port in args.connect.iter().chain(&args.bind) {
                ruleset = ruleset.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?;
            }
        }
        let status = ruleset.restrict_self()?;
        match status.landlock {
            LandlockStatus::Available { effective_abi, .. }
                if status.ruleset != RulesetStatus::NotEnforced && status.no_new_privs =>
            {
                Ok(effective_abi as u32)
            }
            LandlockStatus::NotEnabled => {
                bail!("Landlock is not enabled in this kernel; add it to the boot option lsm=")
            }
            LandlockStatus::NotImplemented => {
                bail!("this kernel has no Landlock; it takes Linux 5.13 or newer")
            }
            LandlockStatus::Available { .. } => bail!("the kernel enforces nothing"),
        }
    }

    /// Refuses every socket but TCP's, and what could make one behind the filter's back; then what
    /// outlives the program or reaches other programs without a file that Landlock sees. `false` where
    /// no filter exists for the processor.
    fn filter_calls(args: &Confine) -> Result<bool> {
        let Ok(processor) = TargetArch::try_from(env::consts::ARCH) else {
            return Ok(false);
        };
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
        rules.insert(libc::SYS_socket, sockets_but_tcp()?);
        // Connects without a call that Landlock sees.
        let fast_open = u64::try_from(libc::MSG_FASTOPEN)?;
        for (call, flags) in
            [(libc::SYS_sendto, 3), (libc::SYS_sendmsg, 2), (libc::SYS_sendmmsg, 3)]
        {
            let is_set = condition(flags, SeccompCmpOp::MaskedEq(fast_open), fast_open)?;
            rules.insert(call, vec![SeccompRule::new(vec![is_set])?]);
        }
        for call in NEVER {
            rules.insert(call, Vec::new());
        }
        // The limits of another process: one of its processor time ends it.
        let is_other = condition(0, SeccompCmpOp::Ne, 0)?;
        rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![is_other])?]);
        // The priority of a group, or of everything that the user runs.
        let is_group = condition(0, SeccompCmpOp::Ne, u64::from(libc::PRIO_PROCESS))?;
        rules.insert(libc::SYS_setpriority, vec![SeccompRule::new(vec![is_group])?]);
        if args.bind.is_empty() {
            // Without an address, a socket listens on a port that the kernel chooses.
            rules.insert(libc::SYS_listen, Vec::new());
        }
        if args.keep_attributes {
            for call in SET_BY_NAME {
                rules.insert(call, Vec::new());
            }
            // Without a name it is about an open file.
            let has_name = SeccompCondition::new(1, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
            rules.insert(libc::SYS_utimensat, vec![SeccompRule::new(vec![has_name])?]);
        }
        // The same calls by the numbers of the x32 interface.
        if cfg!(target_arch = "x86_64") {
            const X32: i64 = 0x4000_0000;
            let same: Vec<_> =
                rules.iter().map(|(call, rules)| (call | X32, rules.clone())).collect();
            rules.extend(same);
        }
        let refuse = SeccompAction::Errno(u32::try_from(libc::EACCES)?);
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, processor)?;
        apply_filter(&BpfProgram::try_from(filter)?).context("system calls cannot be filtered")?;
        Ok(true)
    }

    /// Matches `socket(domain, kind, protocol)` unless it is TCP, or asks the kernel for the machine's
    /// addresses (which runtimes do to print them).
    fn sockets_but_tcp() -> Result<Vec<SeccompRule>> {
        let [inet, inet6, netlink] = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
        let is_not = |argument, value: i32| {
            condition(argument, SeccompCmpOp::Ne, u64::try_from(value).unwrap_or_default())
        };
        let mut refused = vec![
            SeccompRule::new(vec![is_not(0, inet)?, is_not(0, inet6)?, is_not(0, netlink)?])?,
            SeccompRule::new(vec![
                is_not(0, netlink)?,
                is_not(2, 0)?,
                is_not(2, libc::IPPROTO_TCP)?,
            ])?,
            SeccompRule::new(vec![
                is_not(0, inet)?,
                is_not(0, inet6)?,
                is_not(2, libc::NETLINK_ROUTE)?,
            ])?,
        ];
        let kinds = 0..=0xf;
        for kind in kinds.filter(|kind| *kind != u64::from(libc::SOCK_STREAM.unsigned_abs())) {
            let is_kind = condition(1, SeccompCmpOp::MaskedEq(0xf), kind)?;
            refused.push(SeccompRule::new(vec![is_not(0, netlink)?, is_kind])?);
        }
        Ok(refused)
    }

    fn condition(argument: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompCondition> {
        Ok(SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?)
    }

    fn words(landlock: u32, filters_sockets: bool) -> Enforced {
        let features = [
            (true, "files other than its own, the system's and the toolchain's"),
            (landlock >= 4, "TCP ports other than its own and those of the check"),
            (filters_sockets, "UDP and Unix sockets"),
            (landlock >= 6 || filters_sockets, "abstract Unix sockets"),
            (landlock >= 6, "signals to other processes"),
            (landlock >= 3, "cutting files off that it cannot write"),
        ];
        let in_words = |wanted: bool| {
            let features = features.iter().filter(|(is_enforced, _)| *is_enforced == wanted);
            features.map(|(_, what)| (*what).to_owned()).collect()
        };
        Enforced { landlock, prevented: in_words(true), not_prevented: in_words(false) }
    }
}
