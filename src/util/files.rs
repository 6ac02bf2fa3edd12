//! Files that are whole or as they were.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

/// Writes a file so that it is whole or as it was. A link stays one, and a file keeps its permissions; a new one is readable
/// for all.
///
/// # Errors
/// The folder or the file that cannot be written.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // The file behind a link, not the link.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let found = fs::metadata(path).ok();
    // Pipes and devices stay what they are.
    if found.as_ref().is_some_and(|found| !found.is_file()) {
        return fs::write(path, bytes);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    // Temporary files are private by default; what is written for people is not.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Some(found) = found {
        file.as_file().set_permissions(found.permissions())?;
    }
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}
