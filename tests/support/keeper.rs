//! One throw-away cluster for all test processes of this user, under `cargo test` and nextest alike.
//! The first process that needs it starts a keeper: this test binary again, detached, running `keep`.
//! The keeper owns the cluster and stops it when no test process has been around for a while.
//!
//! Locks, always taken in this order: `users` (shared by every test process for its whole life),
//! `start` (whoever starts or ends a keeper), `keeper` (held by the keeper that lives).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use flow_registry::postgres::{Cluster, Connection, Durability, Options};

const IDLE_CHECKS_MAX: u32 = 20;
const IDLE_CHECK_EVERY: Duration = Duration::from_secs(1);
const MEMORY_BYTES_MIN: u64 = 2 << 30;
const IS_KEEPER: &str = "FLOW_REGISTRY_TEST_KEEPER";

/// Where the cluster of this machine takes connections; starts it when it is not there.
pub async fn cluster() -> Connection {
    static USER: OnceLock<File> = OnceLock::new();
    let place = Place::get();
    USER.get_or_init(|| {
        let file = place.open("users");
        file.lock_shared().unwrap();
        file
    });
    let start = place.open("start");
    let _start = tokio::task::spawn_blocking(|| start.lock().map(|()| start)).await.unwrap().unwrap();
    let is_kept = place.open("keeper").try_lock_shared().is_err();
    let mut keeper = (!is_kept).then(|| place.spawn_keeper());
    let options = place.options();
    let attached = tokio::select! {
        attached = Cluster::attach(&options) => attached,
        () = ended(&mut keeper) => panic!("{}", place.read_log()),
    };
    match attached {
        Ok(cluster) => cluster.connection().clone(),
        Err(error) => panic!("{error}\n{}", place.read_log()),
    }
}

async fn ended(keeper: &mut Option<Child>) {
    let Some(keeper) = keeper else { return std::future::pending().await };
    while keeper.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Not a test: the body of the keeper process. Run as one by `--ignored`, it does nothing.
#[tokio::test]
#[ignore = "runs only as the keeper of the test cluster"]
async fn keep() {
    if std::env::var_os(IS_KEEPER).is_none() {
        return;
    }
    let place = Place::get();
    let alone = place.open("keeper");
    alone.try_lock().expect("the starter saw that there is no keeper");
    let options = place.options();
    let cluster = match Cluster::start(options.clone()).await {
        Ok(cluster) => cluster,
        // Left over from a machine that went down: nothing in it is worth a recovery.
        Err(error) => {
            eprintln!("starting over: {error}");
            fs::remove_dir_all(&options.data_dir).unwrap();
            Cluster::start(options.clone()).await.unwrap()
        }
    };
    let mut idle_checks = 0;
    loop {
        tokio::time::sleep(IDLE_CHECK_EVERY).await;
        idle_checks = if place.is_idle() { idle_checks + 1 } else { 0 };
        if idle_checks < IDLE_CHECKS_MAX {
            continue;
        }
        // Nobody can come while we hold this; who waits for it finds no keeper and starts one.
        let start = place.open("start");
        start.lock().unwrap();
        if place.is_idle() {
            cluster.stop().await;
            fs::remove_dir_all(&options.data_dir).unwrap();
            return;
        }
    }
}

struct Place(PathBuf);

impl Place {
    /// In memory when there is room: the data is thrown away anyway.
    fn get() -> Self {
        let memory = Path::new("/dev/shm");
        let has_room = rustix::fs::statvfs(memory)
            .is_ok_and(|filesystem| filesystem.f_bavail * filesystem.f_frsize >= MEMORY_BYTES_MIN);
        let parent = if has_room { memory.to_owned() } else { std::env::temp_dir() };
        let user = rustix::process::geteuid().as_raw();
        let path = parent.join(format!("flow-registry-test-{user}"));
        // Root's cluster runs as another account, which must be able to pass.
        let _ = DirBuilder::new().mode(0o711).create(&path);
        Self(path)
    }

    fn open(&self, lock: &str) -> File {
        let path = self.0.join(lock);
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
    }

    fn is_idle(&self) -> bool {
        self.open("users").try_lock().is_ok()
    }

    fn options(&self) -> Options {
        let data_dir = self.0.join("cluster");
        let _ = DirBuilder::new().mode(0o711).create(&data_dir);
        Options {
            data_dir,
            bin_dir: None,
            durability: Durability::Disposable,
            connections_max: 500,
            settings: Vec::new(),
        }
    }

    fn spawn_keeper(&self) -> Child {
        let log = File::create(self.0.join("keeper.log")).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "support::keeper::keep", "--ignored", "--nocapture"]);
        command.env(IS_KEEPER, "1").current_dir("/").process_group(0);
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap()
    }

    fn read_log(&self) -> String {
        let log = fs::read_to_string(self.0.join("keeper.log")).unwrap_or_default();
        format!("the keeper of the test cluster said:\n{log}")
    }
}
