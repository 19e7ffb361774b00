#![doc = include_str!("../README.md")]

mod region;

pub use region::Region;
