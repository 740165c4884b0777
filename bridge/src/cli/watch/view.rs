//! What `status --watch` draws of a report. It fits 80 columns and 24 lines; what is below them is scrolled to.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::admin::{ChainReport, Report};
use crate::advice;

/// What is shown now.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The last report, or why there is none.
    pub(super) report: Option<Result<Report, String>>,
    /// How long ago it came.
    pub(super) age: Duration,
    /// Lines that were scrolled past.
    pub(super) scrolled: u16,
    /// Whether colours belong there.
    pub(super) coloured: bool,
}

/// How a line is meant, beside its words: a terminal without colours loses nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tone {
    Good,
    Bad,
    Care,
    Dim,
}

impl View {
    /// Draws all of it.
    pub(super) fn draw(&mut self, frame: &mut Frame<'_>) {
        let [top, body, foot] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
                .areas(frame.area());
        frame.render_widget(Paragraph::new(self.title(top)), top);
        let lines = self.lines(usize::from(body.width));
        let below = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(body.height);
        self.scrolled = self.scrolled.min(below);
        frame.render_widget(Paragraph::new(lines).scroll((self.scrolled, 0)), body);
        frame.render_widget(Paragraph::new(self.foot(below)), foot);
    }

    fn style(&self, tone: Tone) -> Style {
        let colour = match tone {
            Tone::Good => Color::Green,
            Tone::Bad => Color::Red,
            Tone::Care => Color::Yellow,
            Tone::Dim => Color::DarkGray,
        };
        match (self.coloured, tone) {
            (true, _) => Style::new().fg(colour),
            (false, Tone::Bad | Tone::Care) => Style::new().add_modifier(Modifier::BOLD),
            (false, Tone::Good | Tone::Dim) => Style::new(),
        }
    }

    fn title(&self, area: Rect) -> Line<'_> {
        let (word, tone) = match &self.report {
            None => ("asking the daemon", Tone::Dim),
            Some(Err(_)) => ("NO DAEMON", Tone::Bad),
            Some(Ok(report)) if !report.healthy => ("NOT SIGNING", Tone::Bad),
            Some(Ok(report)) if report.chains.iter().any(|chain| chain.warning.is_some()) => {
                ("SIGNING, WITH A WARNING", Tone::Care)
            }
            Some(Ok(_)) => ("SIGNING", Tone::Good),
        };
        let fill = usize::from(area.width).saturating_sub("highwater  ".len() + word.len());
        let bar = self.style(tone).add_modifier(Modifier::REVERSED | Modifier::BOLD);
        Line::from(Span::styled(format!("highwater  {word}{:fill$}", ""), bar))
    }

    fn foot(&self, below: u16) -> Line<'_> {
        let more = match below.saturating_sub(self.scrolled) {
            0 => String::new(),
            more => format!("   {more} more lines below"),
        };
        let keys = if below > 0 { "q quits, up and down scroll" } else { "q quits" };
        let text = format!("{keys}   {} s ago{more}", self.age.as_secs());
        Line::from(Span::styled(text, self.style(Tone::Dim)))
    }

    fn lines(&self, width: usize) -> Vec<Line<'static>> {
        let report = match &self.report {
            None => return Vec::new(),
            Some(Err(error)) => return self.paragraph(error, width, Tone::Bad),
            Some(Ok(report)) => report,
        };
        let mut lines = Vec::new();
        match (&report.device, &report.fault) {
            (Some(session), fault) => {
                lines.push(Line::from(format!("device   {}", advice::model(session))));
                if let Some(fault) = fault {
                    lines.extend(self.paragraph(fault, width, Tone::Bad));
                }
            }
            (None, Some(fault)) => {
                lines.push(Line::from(Span::styled("device   away", self.style(Tone::Bad))));
                lines.extend(self.paragraph(fault, width, Tone::Bad));
            }
            (None, None) => lines.push(Line::from("device   being opened")),
        }
        if report.log_lines_dropped > 0 {
            let text = format!("{} lines of the log were dropped", report.log_lines_dropped);
            lines.extend(self.paragraph(&text, width, Tone::Care));
        }
        for chain in &report.chains {
            lines.push(Line::default());
            self.chain(report, chain, width, &mut lines);
        }
        lines
    }

    fn chain(&self, report: &Report, chain: &ChainReport, width: usize, lines: &mut Vec<Line<'static>>) {
        let tone = if chain.problem.is_some() { Tone::Bad } else { Tone::Good };
        let word = match chain.problem {
            _ if chain.stopped => "STOPPED: DOUBLE-SIGN RISK",
            Some(_) => "does not sign",
            None => "signs",
        };
        lines.push(Line::from(vec![
            Span::raw(format!("chain    {}  ", chain.chain)),
            Span::styled(word, self.style(tone)),
        ]));
        // What the title's cause says already is told for each chain all the same: the title is one line.
        if let Some(problem) = &chain.problem
            && report.fault.as_ref() != Some(problem)
        {
            lines.extend(self.paragraph(problem, width, Tone::Bad));
        }
        if let Some(warning) = &chain.warning {
            lines.extend(self.paragraph(warning, width, Tone::Care));
        }
        let slot = report.device.as_ref().and_then(|session| session.chain(&chain.chain));
        let mark = slot.map_or_else(|| "not known".to_owned(), |slot| slot.mark.to_string());
        let age = advice::duration(Duration::from_secs_f64(chain.signature_age_seconds));
        let last = match chain.last {
            Some(last) => format!("last {last}, {age} ago"),
            None => format!("nothing signed since the start, {age} ago"),
        };
        lines.push(Line::from(format!("         {last}   mark {mark}")));
        lines.push(Line::from(format!(
            "         {} signed, {} refused, {} without answer",
            chain.signatures, chain.refusals, chain.silences
        )));
        if let (Some(slot), Some(years)) = (slot, chain.years_left) {
            let wear = advice::percent(slot.wear_ppm);
            lines.push(Line::from(format!("         flash: {wear} of rated life, {years:.1} years left")));
        }
        for node in &chain.nodes {
            let (word, tone) = match (node.connected, node.silent_seconds) {
                (false, _) => ("not connected".to_owned(), Tone::Bad),
                (true, Some(seconds)) => (advice::silent_for(Duration::from_secs(seconds)), Tone::Care),
                (true, None) => ("connected".to_owned(), Tone::Good),
            };
            let height = if node.has_height { ", has this height" } else { "" };
            lines.push(Line::from(vec![
                Span::raw(format!("         node {} ", node.address)),
                Span::styled(format!("{word}{height}"), self.style(tone)),
            ]));
        }
        if let Some(refusal) = &chain.last_refusal {
            lines.extend(self.paragraph(&format!("last refusal {refusal}"), width, Tone::Dim));
        }
    }

    /// A text on as many lines as it needs, below the name that it belongs to.
    fn paragraph(&self, text: &str, width: usize, tone: Tone) -> Vec<Line<'static>> {
        const INDENT: usize = 9;
        let room = width.saturating_sub(INDENT).max(20);
        let mut lines = vec![String::new()];
        for word in text.split_whitespace() {
            let line = lines
                .last_mut()
                .filter(|line| line.is_empty() || line.chars().count() + 1 + word.chars().count() <= room);
            match line {
                Some(line) if line.is_empty() => line.push_str(word),
                Some(line) => {
                    line.push(' ');
                    line.push_str(word);
                }
                None => lines.push(word.to_owned()),
            }
        }
        let line = |line: String| Line::from(Span::styled(format!("{:INDENT$}{line}", ""), self.style(tone)));
        lines.into_iter().map(line).collect()
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
