//! A free port per subject, without a race.
//!
//! Binding port 0, reading the number and closing again leaves a gap in which another process may
//! get the same number. Here a port is leased: it lies below the range from which systems hand out
//! ports by themselves, and belongs to a block of ports of which a locked file keeps every other kit
//! process away.

use std::{
    collections::BTreeSet,
    env,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process,
    sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::{SystemTime, UNIX_EPOCH},
};

const FIRST: u16 = 10_240;

/// The number of ports that one lock covers.
const PORTS_IN_BLOCK: u16 = 200;

/// Ports without a lock of their own, so that at most this many lock files are ever left.
const BLOCKS: u16 = 100;

/// A port that no other kit process uses until this is dropped.
pub(crate) struct Port {
    number: u16,
    /// Locked for as long as the file is open. Absent for a port of a block, which is this process's
    /// as a whole.
    _lock: Option<File>,
}

impl Port {
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// Port 3000, once no other kit process uses it; `AddrInUse` if another program does.
    pub(crate) fn lease_default() -> io::Result<Self> {
        let number = 3000;
        let lock = lock_file("3000");
        if let Some(file) = &lock {
            file.lock()?;
        }
        require_free(number)?;
        Ok(Self { number, _lock: lock })
    }

    pub(crate) fn lease() -> io::Result<Self> {
        lock(&LEASES).lease().ok_or_else(|| {
            io::Error::other(format!("no port is free between {FIRST} and {}", FIRST + 19_999))
        })
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        lock(&LEASES).leased.remove(&self.number);
    }
}

/// What this process has leased.
static LEASES: Mutex<Leases> = Mutex::new(Leases::new());

struct Leases {
    /// Blocks of ports with their locks, the one to lease from last.
    blocks: Vec<Block>,
    leased: BTreeSet<u16>,
}

struct Block {
    first: u16,
    next: u16,
    /// Absent where the folder belongs to another user.
    _lock: Option<File>,
}

impl Leases {
    const fn new() -> Self {
        Self { blocks: Vec::new(), leased: BTreeSet::new() }
    }

    fn lease(&mut self) -> Option<Port> {
        for _ in 0..BLOCKS {
            let block = self.blocks.last_mut().map(|block| block.numbers());
            if let Some(number) = block.into_iter().flatten().find(|number| self.is_free(*number)) {
                self.leased.insert(number);
                return Some(Port { number, _lock: None });
            }
            let block = Block::lock_one(&self.blocks)?;
            self.blocks.push(block);
        }
        None
    }

    fn is_free(&self, number: u16) -> bool {
        !self.leased.contains(&number) && require_free(number).is_ok()
    }
}

impl Block {
    /// A block that no other kit process has. The search starts at a place that differs between
    /// processes, so that they rarely meet and a port rests for long before it is used again.
    fn lock_one(own: &[Self]) -> Option<Self> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let start = (now.subsec_micros() ^ process::id().rotate_left(16)) % u32::from(BLOCKS);
        let firsts = (0..BLOCKS).map(|i| {
            let block = (start as u16 + i) % BLOCKS;
            (block, FIRST + block * PORTS_IN_BLOCK)
        });
        let is_own = |first| own.iter().any(|block| block.first == first);
        let mut others = firsts.filter(|(_, first)| !is_own(*first));
        others.find_map(|(block, first)| {
            let lock = lock_file(&format!("block-{block}"));
            let is_locked = (lock.as_ref())
                .is_some_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
            (!is_locked).then_some(Self { first, next: 0, _lock: lock })
        })
    }

    /// Its ports, each of them once, the one that was not used for longest first.
    fn numbers(&mut self) -> Vec<u16> {
        let numbers = (0..PORTS_IN_BLOCK).map(|i| self.first + (self.next + i) % PORTS_IN_BLOCK);
        let numbers = numbers.collect();
        self.next = (self.next + 1) % PORTS_IN_BLOCK;
        numbers
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Fails with `AddrInUse` while another program listens on `number`.
pub(crate) fn require_free(number: u16) -> io::Result<()> {
    let _closed = without_spawning();
    TcpListener::bind((Ipv4Addr::LOCALHOST, number)).map(drop)
}

/// A process that is being started has copies of all that is open here, until its program runs. So a
/// listener that is closed meanwhile goes on listening for a moment.
static SPAWNING: RwLock<()> = RwLock::new(());

/// To be held while a process is started.
pub(crate) fn while_spawning() -> RwLockReadGuard<'static, ()> {
    SPAWNING.read().unwrap_or_else(PoisonError::into_inner)
}

/// While this is held, no process is being started.
pub(crate) fn without_spawning() -> RwLockWriteGuard<'static, ()> {
    SPAWNING.write().unwrap_or_else(PoisonError::into_inner)
}

/// All kit processes of the machine meet here, whatever `TMPDIR` says. Nothing is ever written to the
/// file. Other users may use the folder too, so existing files are left as they are.
fn lock_file(name: &str) -> Option<File> {
    let common = Path::new("/tmp");
    let temporary = if common.is_dir() { common.to_owned() } else { env::temp_dir() };
    let folder = temporary.join("contract-ports");
    fs::create_dir_all(&folder).ok()?;
    OpenOptions::new().append(true).create(true).open(folder.join(name)).ok()
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn a_port_is_leased_to_one_at_a_time() {
        let ports: Vec<_> = (0..500).map(|_| Port::lease().unwrap()).collect();

        let numbers: BTreeSet<_> = ports.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), 500);
    }

    #[test]
    fn a_block_is_locked_once() {
        let one = Block::lock_one(&[]).unwrap();

        let blocks: Vec<_> = (0..5).map_while(|_| Block::lock_one(&[])).collect();

        assert!(blocks.iter().all(|block| block.first != one.first));
    }

    #[test]
    fn a_port_on_which_a_program_listens_is_not_leased() {
        let mut leases = Leases::new();
        let leased = leases.lease().unwrap().number();
        let next = leased + 1;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, next));

        let other = leases.lease().unwrap().number();

        assert!(listener.is_err() || other != next);
    }
}
