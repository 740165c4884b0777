//! A device to play with: the firmware in its emulator, for a bridge with `transport = "speculos"`. Its screen and its two
//! buttons are this terminal; its flash is a file between two runs.
//!
//! `cargo xtask emulator` installs what this needs, builds it and starts it.

mod hand;

use std::io::{BufRead, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use hand::{Hand, Word};
use highwater_tests::interrupt::Interrupt;
use nanos_sdk::target::{DEVICES, Device};
use speculos::{Emulator, Error, Image, Model, Options};

/// Between two looks at the terminal and the screen.
const GLANCE: Duration = Duration::from_millis(50);

/// Runs the firmware in the emulator of a device until it is told to end.
#[derive(Parser)]
struct Cli {
    /// The device, by name.
    #[arg(long, value_parser = device)]
    device: Device,
    /// Its firmware.
    #[arg(long)]
    firmware: PathBuf,
    /// The Python of the emulator's environment.
    #[arg(long)]
    emulator: PathBuf,
    /// The port of APDUs on 127.0.0.1.
    #[arg(long)]
    port: u16,
    /// The file of its flash, of this firmware alone. It is made where there is none.
    #[arg(long)]
    flash: PathBuf,
}

fn device(name: &str) -> Result<Device, String> {
    DEVICES.into_iter().find(|device| device.name == name).ok_or_else(|| "no such device".to_owned())
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("emulator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let interrupt = Interrupt::watch()?;
    let device = &cli.device;
    let flash = Image::load(&cli.flash, device.page)?;
    let found = if flash.is_blank() { "blank" } else { "as it was left" };
    let model = Model::new(device.model, device.newest(), device.page);
    let options = Options::on(model, &cli.emulator, &cli.firmware).nvram(flash).port(cli.port);
    let emulator = Emulator::start(&options).map_err(|error| {
        // Nothing but a port that is taken is cured by another one.
        let taken = matches!(&error, Error::Io { source, .. } if source.kind() == ErrorKind::AddrInUse);
        let cure = if taken { "; another port is --port N" } else { "" };
        anyhow::Error::from(error).context(format!("the {} does not start{cure}", device.title))
    })?;
    println!(
        "The firmware of a {} runs in its emulator, its flash is {found}. It is no hardware key.\n\n\
         In the bridge's configuration:\n\n  \
         [device]\n  transport = \"speculos\"\n  address = \"{}\"\n\n{}",
        device.title,
        emulator.apdu_address(),
        Hand::HELP,
    );
    let outcome = play(&emulator, &interrupt);
    let saved = emulator.pull_the_plug()?.save(&cli.flash);
    outcome?;
    saved?;
    println!("its flash is in {}", cli.flash.display());
    Ok(())
}

/// Until somebody ends it, or the emulator ends.
fn play(emulator: &Emulator, interrupt: &Interrupt) -> Result<()> {
    let words = words();
    let mut hand = Hand::default();
    while !interrupt.came() {
        emulator.check()?;
        // No more words: whoever started it has no terminal, and ends it by a signal.
        for line in words.try_iter() {
            match hand.hears(&line) {
                Word::Press(button) => emulator.press(button)?,
                Word::Look => {}
                Word::End => return Ok(()),
                Word::Unknown => println!("{}", Hand::HELP),
            }
        }
        if let Some(page) = hand.sees(&emulator.screen()?) {
            println!("{page}");
        }
        thread::sleep(GLANCE);
    }
    Ok(())
}

/// The lines of standard input, as they come.
fn words() -> Receiver<String> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    receive
}
