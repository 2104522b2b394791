//! Databases as stores: where one is ([`Address`]), what a sale is called there ([`SaleName`]), what its steps
//! send ([`dialect`]).

pub mod address;
pub mod dialect;
pub mod name;

pub use address::{Address, NoAddress};
pub use name::{NoSaleName, SaleName};
