//! Calls on variables that are parts of others: fields, one of several, each of several, what is
//! said to be of a type; and names that count in a function without a name alone.

use super::Place;
use super::graph::calls;

/// Two types have each method that is called, so that a name alone says nothing.
const GO: &str = "package shop

type Line struct{}
type Coin struct{}

func (l *Line) Close() {}
func (c *Coin) Close() {}

type lines []*Line

func (l lines) Sort() {}

type coins []*Coin

func (c coins) Sort() {}

type Till struct {
	coins  []*Coin
	kinds  [3]lines
	holder any
}

func Open() *Till { return nil }

func (t *Till) Close() {}

func one(t *Till) {
	first := t.coins[0]
	first.Close()
}

func each(t *Till) {
	for _, coin := range t.coins {
		coin.Close()
	}
}

func ofKind(t *Till, at int) {
	kind := t.kinds[at]
	kind.Sort()
}

func direct(t *Till, at int) {
	t.kinds[at].Sort()
}

func asserted(t *Till) {
	line, ok := t.holder.(*Line)
	if ok {
		line.Close()
	}
}

func around() {
	x := Open()
	x.Each(func(x *Line) {
		x.Close()
	})
	x.Close()
}
";

const RUST: &str = "pub struct Line;
pub struct Coin;
impl Line { pub fn close(&self) {} }
impl Coin { pub fn close(&self) {} }
pub struct Till { coins: Vec<Coin>, last: Option<Line> }
impl Till {
    fn each(&self) { for coin in &self.coins { coin.close(); } }
    fn of_last(&self) { if let Some(line) = &self.last { line.close(); } }
    fn first(&self) { let coin = &self.coins[0]; coin.close(); }
}
";

const PYTHON: &str = "class Line:
    def close(self): pass

class Coin:
    def close(self): pass

class Till:
    def __init__(self, line: Line, coins: list[Coin]):
        self.line = line
        self.coins = coins

    def shut(self):
        self.line.close()

    def each(self):
        for coin in self.coins:
            coin.close()
";

const TYPESCRIPT: &str = "class Line { close() {} }
class Coin { close() {} }
export class Till {
  coins: Coin[] = [];
  line: unknown;
  of() { for (const coin of this.coins) coin.close(); }
  as() { const line = this.line as Line; line.close(); }
}
";

const JAVA: &str = "import java.util.*;
class Line { void close() {} }
class Coin { void close() {} }
class Till {
  List<Coin> coins;
  Object line;
  void each() { for (var coin : coins) { coin.close(); } }
  void cast() { var line = (Line) this.line; line.close(); }
}
";

#[tokio::test]
async fn variables_have_the_types_of_what_they_are_parts_of() {
    for (path, text, wanted) in [
        (
            "till.go",
            GO,
            &[
                ("one", &["Coin.Close in till.go"][..]),
                ("each", &["Coin.Close in till.go"]),
                ("ofKind", &["lines.Sort in till.go"]),
                ("direct", &["lines.Sort in till.go"]),
                ("asserted", &["Line.Close in till.go"]),
                (
                    "around",
                    &[
                        "Line.Close in till.go",
                        "Open in till.go",
                        "Till.Close in till.go",
                    ],
                ),
            ][..],
        ),
        (
            "src/till.rs",
            RUST,
            &[
                ("each", &["Coin::close in src/till.rs"][..]),
                ("of_last", &["Line::close in src/till.rs"]),
                ("first", &["Coin::close in src/till.rs"]),
            ],
        ),
        (
            "till.py",
            PYTHON,
            &[
                ("shut", &["Line.close in till.py"][..]),
                ("each", &["Coin.close in till.py"]),
            ],
        ),
        (
            "till.ts",
            TYPESCRIPT,
            &[
                ("of", &["Coin.close in till.ts"][..]),
                ("as", &["Line.close in till.ts"]),
            ],
        ),
        (
            "Till.java",
            JAVA,
            &[
                ("each", &["Coin.close in Till.java"][..]),
                ("cast", &["Line.close in Till.java"]),
            ],
        ),
    ] {
        let place = Place::with(&[(path, text)]);
        let index = place.synced().await;
        for (caller, callees) in wanted {
            let mut found = calls(&index, caller).await;
            found.sort();
            assert_eq!(found, *callees, "{caller} in {path}");
        }
    }
}

/// A method of a type from outside is none of the project's, even where no other has its name.
#[tokio::test]
async fn what_is_said_to_be_from_outside_is_not_guessed() {
    for (path, text, wanted) in [
        (
            "src/till.rs",
            "use std::io::Error;
pub struct Till;
impl Till { pub fn raw_kind(&self) {} }
pub trait Extra { fn shown(&self) {} }
impl Extra for Error {}
pub fn outside(error: &Error) { error.raw_kind(); }
pub fn extended(error: &Error) { error.shown(); }
pub fn unknown(at: usize) { let one = made!(at); one.raw_kind(); }
",
            &[
                ("outside", &[][..]),
                // Twice: where it is declared, and where it is implemented for it.
                ("extended", &["Extra::shown in src/till.rs"]),
                ("unknown", &["Till::raw_kind in src/till.rs"]),
            ][..],
        ),
        (
            "Till.java",
            "import other.far.Address;
class Till {
  Address far;
  void getHost() {}
  void getMessage() {}
  void imported(Address at) { at.getHost(); }
  void field() { far.getHost(); }
  void ofTheLanguage(Exception error) { error.getMessage(); }
  <T> void anything(T one) { one.getHost(); }
}
",
            &[
                ("imported", &[][..]),
                ("field", &[]),
                ("ofTheLanguage", &[]),
                ("anything", &["Till.getHost in Till.java"]),
            ],
        ),
        (
            "till.py",
            "from typing import Any
from far import Address

class Till:
    def host_name(self): pass

def imported(at: Address):
    at.host_name()

def anything(one: Any):
    one.host_name()
",
            &[
                ("imported", &[][..]),
                ("anything", &["Till.host_name in till.py"]),
            ],
        ),
    ] {
        let place = Place::with(&[(path, text)]);
        let index = place.synced().await;
        for (caller, callees) in wanted {
            let found = calls(&index, caller).await;
            assert_eq!(found, *callees, "{caller} in {path}");
        }
    }
}
