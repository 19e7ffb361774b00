//! What the programs share.

/// Tells `benches/run` how much memory this process had at most, as the operating system counted it since its start.
///
/// # Errors
/// Where there is no `/proc`.
pub fn tell_peak() -> std::io::Result<()> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    eprintln!("peak {}", peak.unwrap_or_default().trim());
    Ok(())
}
