//! A shop: what it sells and to whom.

use std::collections::{BTreeMap, HashMap as Map};
use std::fmt::{self, Display};
pub use crate::money::*;

mod parts;
mod inline {
    pub fn helper() -> u8 {
        1
    }
}

/// How many things fit into one cart.
pub const LIMIT: usize = 3;
static mut COUNT: u32 = 0;

/// A thing to buy.
#[derive(Debug, Clone)]
pub struct Item<T> {
    /// What it is called.
    pub name: String,
    price: Option<T>,
}

pub(crate) enum State {
    Open,
    Paid { at: u64 },
    Sent(u64),
}

pub trait Price: Display {
    fn price(&self) -> u64;
    /// With tax.
    fn gross(&self) -> u64 {
        self.price() * 119 / 100
    }
}

impl<T: Copy> Item<T> {
    /// Makes one.
    ///
    /// Never fails.
    pub fn new(name: &str, price: T) -> Self {
        Self { name: name.to_owned(), price: Some(price) }
    }

    // An ordinary comment is no documentation.
    async fn weigh(&self, carts: &[Cart], mut state: State) -> Result<u64, Error> {
        let cart = Cart::open(LIMIT)?;
        let total: u64 = carts.iter().map(|cart| cart.total()).sum();
        if total > 10 && cart.is_open() || self.price.is_none() {
            for item in cart.items {
                if item.is_heavy() {
                    continue;
                } else if let Some(price) = item.price {
                    crate::log::write("a heavy thing was found", price);
                } else {
                    state = State::Sent(total);
                }
            }
        }
        match state {
            State::Open => Ok(0),
            State::Paid { at } if at > 3 => Ok(at),
            _ => Err(Error::Late(helper)),
        }
    }
}

impl Price for State {
    fn price(&self) -> u64 {
        println!("{} of {}", self.gross(), total_of(&self.items.first()));
        inline::helper().into()
    }
}

impl fmt::Display for Item<u8> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn inner(x: u8) -> u8 {
            x + 1
        }
        write!(f, "{}", inner(1))
    }
}

macro_rules! twice {
    ($x:expr) => { $x; $x };
}

type Prices = Map<String, u64>;

#[cfg(test)]
mod tests {
    use super::*;

    fn set_up() -> Prices {
        Prices::new()
    }

    #[test]
    fn sells() {
        let item = Item::new("tea", 1_u8);
        assert_eq!(item.price(), set_up().len());
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn ships() {}
}
