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
    sync::{
        OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU32, Ordering},
    },
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
        can_be_bound(number)?;
        Ok(Self { number, _lock: lock })
    }

    pub(crate) fn lease() -> io::Result<Self> {
        Self::lease_one_of((0..COUNT).map(|_| next()))?
            .ok_or_else(|| io::Error::other("no port is free between 10240 and 30239"))
    }

    fn lease_one_of(numbers: impl IntoIterator<Item = u16>) -> io::Result<Option<Self>> {
        let folder = folder()?;
        let lease = |number| {
            let lock = lock_file(&folder, number);
            let is_leased = (lock.as_ref())
                .is_some_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
            let is_free = !is_leased && can_be_bound(number).is_ok();
            is_free.then_some(Self { number, _lock: lock })
        };
        Ok(numbers.into_iter().find_map(lease))
    }
}

fn can_be_bound(number: u16) -> io::Result<()> {
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
fn next() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    static START: OnceLock<u32> = OnceLock::new();

    let start = START.get_or_init(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        now.subsec_nanos() ^ process::id().rotate_left(16)
    });
    let count = (start % COUNT).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
    u16::try_from(FIRST + count % COUNT).expect("the range ends below 65536")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_leased_to_one_at_a_time() {
        let [first, second] = [next(), next()];
        let leased = Port::lease_one_of([first]).unwrap().unwrap();

        let other = Port::lease_one_of([first, second]).unwrap().unwrap();
        assert_eq!(other.number(), second);
        assert!(Port::lease_one_of([first, second]).unwrap().is_none());

        drop(leased);
        assert_eq!(Port::lease_one_of([first]).unwrap().unwrap().number(), first);
    }

    #[test]
    fn a_port_on_which_somebody_listens_is_not_leased() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let taken = listener.local_addr().unwrap().port();

        assert!(Port::lease_one_of([taken]).unwrap().is_none());
    }
}
