//! What `status --watch` draws of a report. It fits 80 columns and 24 lines; what is below them is scrolled to.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::admin::Report;
use crate::admin::picture::{NO_DAEMON, Part, Picture, Row, Said, Tone};

/// Before everything that belongs to a device or a chain.
const INDENT: usize = 9;
/// Of a row's name.
const NAME: usize = 14;

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
            Tone::Plain => return Style::new(),
            Tone::Good => Color::Green,
            Tone::Bad => Color::Red,
            Tone::Care => Color::Yellow,
            Tone::Dim => Color::DarkGray,
        };
        match (self.coloured, tone) {
            (true, _) => Style::new().fg(colour),
            (false, Tone::Bad | Tone::Care) => Style::new().add_modifier(Modifier::BOLD),
            (false, Tone::Plain | Tone::Good | Tone::Dim) => Style::new(),
        }
    }

    fn title(&self, area: Rect) -> Line<'_> {
        let Said { text: word, tone } = match &self.report {
            None => Said::new(Tone::Dim, "asking the daemon"),
            Some(Err(_)) => Said::new(Tone::Bad, NO_DAEMON),
            Some(Ok(report)) => Picture::of(report).headline,
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
            Some(Err(error)) => return self.paragraph(&Said::new(Tone::Bad, error), "", width),
            Some(Ok(report)) => report,
        };
        let mut lines = Vec::new();
        for Part { kind, name, word, sentences, rows, recent: _ } in Picture::of(report).parts {
            if !lines.is_empty() {
                lines.push(Line::default());
            }
            let mut line = vec![Span::raw(format!("{kind:INDENT$}")), self.span(name)];
            if let Some(word) = word {
                line.extend([Span::raw("  "), self.span(word)]);
            }
            lines.push(Line::from(line));
            for sentence in &sentences {
                lines.extend(self.paragraph(sentence, "", width));
            }
            for Row { name, value } in &rows {
                lines.extend(self.paragraph(value, name, width));
            }
        }
        lines
    }

    fn span(&self, said: Said) -> Span<'static> {
        Span::styled(said.text, self.style(said.tone))
    }

    /// A text on as many lines as it needs, behind its name, if it has one.
    fn paragraph(&self, said: &Said, name: &str, width: usize) -> Vec<Line<'static>> {
        let indent = if name.is_empty() { 0 } else { NAME };
        let room = width.saturating_sub(INDENT + indent).max(20);
        let mut lines = vec![String::new()];
        for word in said.text.split_whitespace() {
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
        let names = std::iter::once(name).chain(std::iter::repeat(""));
        let line = |(name, line)| {
            let name = Span::raw(format!("{:INDENT$}{name:indent$}", ""));
            Line::from(vec![name, Span::styled(line, self.style(said.tone))])
        };
        names.zip(lines).map(line).collect()
    }
}

#[cfg(test)]
#[path = "view_tests.rs"]
mod tests;
