//! Answers about the elements that a name means, one below the other.

use mira_index::Element;

use super::shown::{self, List};
use super::{Known, named};
use crate::{Output, ToolCx, ToolError};

pub(super) struct About {
    pub known: Known,
    pub elements: Vec<Element>,
    pub notes: Vec<String>,
    list: List,
    said: usize,
}

impl About {
    /// # Errors
    /// Where nothing has the name, with what is near.
    pub async fn of(cx: &ToolCx, name: &str, path: Option<String>) -> Result<Self, ToolError> {
        let known = cx.known().await?;
        let path = cx.indexed_path(path).await?;
        let (elements, more) = named::elements(&known, name, path.as_deref()).await?;
        Ok(Self {
            known,
            elements,
            notes: more.into_iter().collect(),
            list: List::new(cx.output_cap_bytes),
            said: 0,
        })
    }

    /// `Uses of …:` and below it at most `limit` of these lines; `none` where there are none.
    pub fn say(
        &mut self,
        what: &str,
        element: &Element,
        lines: impl ExactSizeIterator<Item = String>,
        limit: usize,
        none: &str,
    ) {
        let count = lines.len();
        self.list
            .push(&format!("{what} of {}:", shown::head(element)));
        for line in lines.take(limit) {
            self.list.push(&line);
        }
        self.list.left += count.saturating_sub(limit);
        if count == 0 {
            self.list.push(none);
        }
        self.said += count;
    }

    /// `one` and `many` are what was said, `narrow` how to see the rest.
    pub async fn output(
        mut self,
        one: &str,
        many: &str,
        narrow: &str,
    ) -> Result<Output, ToolError> {
        self.notes.extend(self.known.notes().await?);
        let summary = match self.said {
            0 => format!("no {one} known"),
            count => shown::count(count, one, many),
        };
        Ok(self.list.output(summary, &self.notes, narrow))
    }
}
