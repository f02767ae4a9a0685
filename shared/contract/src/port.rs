//! A free port per subject, without a race.
//!
//! Binding port 0, reading the number and closing again leaves a gap in which another process may
//! get the same number. Here a port is leased: it lies below the range from which systems hand out
//! ports by themselves, and a locked file keeps every other kit process away from it.

use std::{
    env,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

const FIRST: u32 = 10_240;
const COUNT: u32 = 20_000;

/// A port that no other kit process uses until this is dropped.
pub(crate) struct Port {
    number: u16,
    /// Locked for as long as the file is open. Absent where the folder belongs to another user.
    _lock: Option<File>,
}

impl Port {
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Port 3000, once no other kit process uses it; `AddrInUse` if another program does.
    pub(crate) fn lease_default() -> io::Result<Self> {
        let number = 3000;
        let lock = lock_file(&folder()?, number);
        if let Some(file) = &lock {
            file.lock()?;
        }
        TcpListener::bind((Ipv4Addr::LOCALHOST, number))?;
        Ok(Self { number, _lock: lock })
    }

    pub(crate) fn lease() -> io::Result<Self> {
        let folder = folder()?;
        for _ in 0..COUNT {
            let number = u16::try_from(FIRST + next() % COUNT).expect("the range ends below 65536");
            let lock = lock_file(&folder, number);
            let leased = (lock.as_ref())
                .is_some_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
            if !leased && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _lock: lock });
            }
        }
        Err(io::Error::other("no port is free between 10240 and 30239"))
    }
}

fn folder() -> io::Result<PathBuf> {
    let folder = env::temp_dir().join("contract-ports");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Nothing is ever written to it. The folder is open to everybody, so whatever lies there is left
/// as it is.
fn lock_file(folder: &Path, number: u16) -> Option<File> {
    let path = folder.join(number.to_string());
    OpenOptions::new().append(true).create(true).open(path).ok()
}

/// Counts up from a place that differs between processes, so that they rarely meet and a port
/// rests for long before it is used again.
fn next() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static START: std::sync::OnceLock<u32> = std::sync::OnceLock::new();

    let start = START.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.subsec_nanos() ^ process::id().rotate_left(16)
    });
    (start % COUNT).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed))
}
