//! `cargo xtask pictures`: the pictures of the book, taken of what they show. The pages of both devices come from their emulators, by
//! the demo; the page in the browser from its tests; the terminal is drawn from what the tests of `status --watch` have.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use base64::Engine as _;
use nanos_sdk::target::{DEVICES, Device};

use crate::tools::debian;
use crate::workspace::Workspace;
use crate::{demo, process};

/// What the tests of the page leave, and as what it is kept.
const OF_THE_PAGE: [(&str, &str); 2] =
    [("signing-1280-light.png", "page-signing.png"), ("not-signing-360-dark.png", "page-telephone.png")];
/// So many pages of a device are in a row.
const ROW: usize = 4;

/// How `cargo xtask pictures` is called.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only the devices and the terminal: not the page in the browser.
    #[arg(long)]
    without_page: bool,
}

/// Runs the command.
pub(crate) fn command(args: &Args) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    debian::ensure(debian::BROWSER, "pictures")?;
    let (made, kept) = (workspace.target().join("pictures"), workspace.root().join("docs/pictures"));
    // What is gone must not stay.
    let _ = std::fs::remove_dir_all(&made);
    std::fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
    let mut rows = String::new();
    for device in DEVICES {
        rows += &row(&workspace, &device, &made.join(device.name))?;
    }
    let style = "figure{margin:12px}img{width:256px;image-rendering:pixelated;margin:4px;border-radius:4px}\
                 body{background:#fff;font:15px sans-serif;width:1120px}";
    shoot(&made, &format!("<style>{style}</style>{rows}"), (1100, 480), &kept.join("devices.png"))?;
    let golden = workspace.root().join("bridge/tests/watch/signing.snap");
    let golden =
        std::fs::read_to_string(&golden).with_context(|| format!("cannot read {}", golden.display()))?;
    shoot(&made, &terminal(&golden), (760, 490), &kept.join("terminal.png"))?;
    if !args.without_page {
        let mut test = workspace.cargo();
        test.args(["xtask", "test", "--only", "page"]).env("HIGHWATER_PICTURES", &made);
        process::run(&mut test)?;
        for (from, to) in OF_THE_PAGE {
            std::fs::copy(made.join(from), kept.join(to)).with_context(|| format!("there is no {from}"))?;
        }
    }
    println!("{}", kept.display());
    Ok(ExitCode::SUCCESS)
}

/// The pages that the demo's owner sees on this device.
fn row(workspace: &Workspace, device: &Device, folder: &Path) -> Result<String> {
    let mut demo = demo::on_emulator(workspace, device)?;
    demo.args(["--blocks", "3", "--node", "builtin", "--pictures"]).arg(folder);
    process::run(&mut demo)?;
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    files.sort();
    // The first is the home screen before, the last the one behind all blocks.
    let mut row = format!("<figure><figcaption>{}</figcaption>", device.title);
    for (number, file) in files.iter().skip(1).enumerate() {
        let png = base64::engine::general_purpose::STANDARD
            .encode(std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?);
        let end = if number % ROW == ROW - 1 { "<br>" } else { "" };
        row += &format!("<img src=\"data:image/png;base64,{png}\">{end}");
    }
    Ok(row + "</figure>")
}

/// A terminal's window with this on it.
fn terminal(golden: &str) -> String {
    let text = golden.trim_start_matches("---").split_once("\n---\n").map_or(golden, |(_, text)| text);
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        "<style>body{{margin:0;background:#1e1e1e}}pre{{margin:16px;color:#ddd;font:15px/1.25 monospace}}</style>\
         <meta charset=utf-8><pre>{text}</pre>"
    )
}

/// What a browser shows of this.
fn shoot(folder: &Path, html: &str, (width, height): (u32, u32), to: &Path) -> Result<()> {
    let page = folder.join("page.html");
    std::fs::write(&page, html)?;
    let mut browser = Command::new(debian::BROWSER_PROGRAM);
    browser.args(["--headless", "--no-sandbox", "--hide-scrollbars", "--disable-gpu"]);
    browser.arg(format!("--window-size={width},{height}")).arg(format!("--screenshot={}", to.display()));
    process::text(browser.arg(format!("file://{}", page.display())))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_shows_what_its_golden_has_and_nothing_of_its_head() {
        let page = terminal("---\nsource: a.rs\n---\nhighwater  SIGNING\n<node>\n");
        assert!(
            page.contains("<pre>highwater  SIGNING\n&lt;node>\n</pre>") && !page.contains("source"),
            "{page}"
        );
    }
}
