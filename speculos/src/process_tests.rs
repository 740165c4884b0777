//! The end of processes, with a shell in the place of Python: no emulator needed.

use std::path::Path;

use super::*;

/// Starts a shell script where Python would be. Its standard input is the lifeline.
fn start(script: &str) -> Process {
    let folder = furnish(&Options::new("python", "/bin/sh")).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    spawn(command, listen(0).unwrap(), folder, 64).unwrap().0
}

fn wait_for_line(process: &Process) -> String {
    let deadline = Instant::now() + Duration::from_secs(10);
    while process.log().text().is_empty() {
        assert!(Instant::now() < deadline, "the script never wrote");
        thread::sleep(Duration::from_millis(5));
    }
    process.log().text()
}

#[test]
fn dropping_kills_the_whole_group_and_removes_the_folder() {
    let process = start("sleep 600 & echo $!; wait");
    let grandchild = wait_for_line(&process);
    let folder = process.folder.path().to_owned();
    assert!(folder.join("app.elf").is_file() && folder.join("launch.py").is_file());
    assert_eq!(process.ended(), None);
    drop(process);
    assert!(!folder.exists());
    let state = std::fs::read_to_string(Path::new("/proc").join(grandchild.trim()).join("stat"));
    assert!(state.is_err() || state.unwrap().contains(") Z "), "it lives");
}

#[test]
fn an_end_is_told_as_often_as_one_asks() {
    let mut process = start("echo 'exit called (0)'; exit 3");
    assert_eq!(process.ended_within(Duration::from_secs(10)).unwrap(), "exit code 3");
    assert_eq!(process.ended().unwrap(), "exit code 3");
    assert!(process.log().ended_within(Duration::from_secs(10)));
    assert!(process.log().cause_of_death().starts_with("the app ended itself"));
    process.kill();
    process.kill();
}

#[test]
fn a_signal_is_told_as_one() {
    let process = start("kill -KILL $$");
    assert_eq!(process.ended_within(Duration::from_secs(10)).unwrap(), "signal 9");
}

#[test]
fn an_image_is_laid_out_for_loading_and_read_back() {
    let image = Image::new(&[4; 200], 64);
    let folder = furnish(&Options::new("python", "/bin/sh").nvram(image.clone())).unwrap();
    assert_eq!(Image::load(&folder.path().join(nvram::FILE), 64).unwrap(), image);
}

#[test]
fn a_missing_app_or_interpreter_is_named() {
    let error = Process::start(&Options::new("/bin/sh", "/no/app.elf")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the app /no/app.elf"), "{error}");
    let error = Process::start(&Options::new("/no/python", "/bin/sh")).unwrap_err().to_string();
    assert!(error.starts_with("cannot start /no/python"), "{error}");
}

#[test]
fn the_listening_sockets_and_the_lifeline_come_to_the_child_alone() {
    // Nothing reads here, so the sockets wait in the lifeline: they are not lost when ours are closed.
    let folder = furnish(&Options::new("python", "/bin/sh")).unwrap();
    let (process, addresses) = {
        let mut command = Command::new("sleep");
        command.arg("600");
        spawn(command, listen(0).unwrap(), folder, 64).unwrap()
    };
    assert_ne!(addresses.apdu, addresses.http);
    assert!(std::net::TcpStream::connect(addresses.apdu).is_ok());
    drop(process);
    assert!(std::net::TcpStream::connect(addresses.apdu).is_err(), "nobody is left to accept");
}
