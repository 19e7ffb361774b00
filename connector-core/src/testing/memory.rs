//! How much memory this process takes, for tests of what is handed on as it comes. On Linux.
//!
//! ```
//! use connector_core::testing::memory;
//! assert!(memory::now() > 0 && memory::now() <= memory::most());
//! ```

/// How many bytes it takes now.
pub fn now() -> usize {
    line("VmRSS:")
}

/// The most bytes that it took so far.
pub fn most() -> usize {
    line("VmHWM:")
}

/// A line of the kernel's word on this process, in bytes; 0 where there is none.
fn line(name: &str) -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let told = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB")?.parse().ok());
    told.map_or(0, |kibibytes: usize| kibibytes << 10)
}
