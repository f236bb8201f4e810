#pragma once

#include <string>

#include "failure.h"
#include "json.h"

namespace stepworks::protocol {

/// Keeps standard output for JSON lines alone: whatever the kernel prints there afterwards goes to
/// standard error. Call once, before anything else.
void claimStandardOutput();

/// `fraction` is 0…1 of the whole run. Lines that would say nothing new are left out.
void progress(double fraction, const std::string& message);
/// A part of the run that is timed begins, and the one before ends: read, transfer, measure, mesh,
/// write, check, compress. Said once, however often it is entered again without another between.
void phase(const std::string& name);
void warning(const std::string& message);
/// The last line of a run that worked.
void result(const Json& value);
/// The last line of a run that did not.
void error(const Failure& failure);
/// One line of JSON as it stands (`--version`).
void line(const Json& value);

/// The descriptor JSON lines go to; for the crash reporter, which may not allocate.
int descriptor();

}  // namespace stepworks::protocol
