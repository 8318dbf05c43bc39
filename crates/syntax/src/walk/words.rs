//! Comments and strings.

use tree_sitter::Node;

use super::{Walk, last_line, line};
use crate::facts::{NoteKind, TextKind};
use crate::texts;

impl<'t> Walk<'_, 't> {
    pub(super) fn comment(&mut self, node: Node<'t>) {
        let raw = self.cx().of(node);
        if raw.starts_with("#!") && node.start_byte() == 0 {
            return;
        }
        let starts_line = self.starts_line(node);
        let comment = texts::comment(raw, line(node), last_line(node), starts_line, self.limits);
        match (&mut self.run, comment) {
            (Some(run), comment) if run.continues_with(&comment) => run.join(comment, self.limits),
            (_, comment) => {
                self.flush();
                self.run = Some(comment);
            }
        }
    }

    /// Comments that belong to no declaration are texts.
    pub(super) fn flush(&mut self) {
        let Some(run) = self.run.take() else { return };
        if run.is_inner {
            match self.open.last() {
                None if self.facts.doc.is_none() => self.facts.doc = Some(run.text.clone()),
                Some(index) if self.facts.elements[*index].doc.is_none() => {
                    self.facts.elements[*index].doc = Some(run.text.clone());
                }
                _ => {}
            }
        } else if run.line <= 3 && self.facts.elements.is_empty() && self.facts.doc.is_none() {
            self.facts.doc = Some(run.text.clone());
        }
        let kind = match run.is_inner {
            true => TextKind::Doc,
            false => TextKind::Comment,
        };
        let within = self.open.last().copied();
        self.text(kind, run.text, run.line, within);
    }

    pub(super) fn string(&mut self, node: Node<'t>) {
        if self.claimed.remove(&node.id()) {
            return;
        }
        let text = texts::unquoted(self.cx().of(node), self.limits);
        if let Some(text) = text {
            let within = self.open.last().copied();
            self.text(TextKind::String, text, line(node), within);
        }
    }

    pub(super) fn docstring(&mut self, node: Node<'t>) {
        let Some(text) = texts::docstring(self.cx().of(node), self.limits) else {
            return;
        };
        let within = self.open.last().copied();
        match within {
            Some(index) => self.facts.elements[index].doc = Some(text.clone()),
            None if self.facts.doc.is_none() => self.facts.doc = Some(text.clone()),
            _ => {}
        }
        self.text(TextKind::Doc, text, line(node), within);
    }

    pub(super) fn text(
        &mut self,
        kind: TextKind,
        text: String,
        line: usize,
        within: Option<usize>,
    ) {
        if text.is_empty() {
            return;
        }
        if self.facts.texts.len() >= self.limits.texts {
            let most = self.limits.texts;
            self.note(NoteKind::TooMany, line, || {
                format!("more than {most} comments and strings; those after are missing")
            });
            return;
        }
        self.facts.texts.push(crate::facts::Text {
            kind,
            text,
            line,
            within,
        });
    }

    pub(super) fn starts_line(&self, node: Node<'t>) -> bool {
        let start = node.start_byte();
        let line = start.saturating_sub(node.start_position().column)..start;
        self.text.get(line).unwrap_or_default().trim().is_empty()
    }
}
