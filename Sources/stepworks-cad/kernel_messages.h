#pragma once

#include <string>

namespace stepworks {

/// Takes the kernel's own messages off standard output: they go to standard error, at most
/// 200 lines, so that a broken file cannot fill a disk with its log.
void redirectKernelMessages();

/// True once the kernel has reported a reference to an entity that is not in the file.
bool kernelFoundDanglingReference();

/// The first message of gravity fail or alarm since the start; empty when there was none.
std::string firstKernelComplaint();

}  // namespace stepworks
