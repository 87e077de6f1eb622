// SPDX-License-Identifier: Apache-2.0
#include "commands/shared/output_file.hpp"

#include <cerrno>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

namespace keyshift::commands {
namespace {

constexpr mode_t kReadByAll = 0644;

}  // namespace

using base::Errc;
using base::Error;
using base::Result;

Output::Output(int descriptor, std::filesystem::path target, std::string temporary)
    : descriptor_(descriptor), target_(std::move(target)), temporary_(std::move(temporary)) {}

Output::Output(Output&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      target_(std::move(other.target_)),
      temporary_(std::exchange(other.temporary_, {})) {}

Output::~Output() {
    if (!target_.empty() && descriptor_ >= 0) ::close(descriptor_);
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Error Output::failure(int code) const {
    const std::string where = target_.empty() ? "standard output" : target_.string();
    if (code == EPIPE) return {Errc::canceled, "nobody reads " + where + " any more", {}};
    return {Errc::output, "cannot write " + where + ": " + std::generic_category().message(code), {}};
}

Result<Output> Output::open(const std::optional<std::filesystem::path>& file, Readers readers) {
    if (!file) return Output(STDOUT_FILENO, {}, {});
    std::error_code code;
    const auto status = std::filesystem::status(*file, code);
    if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
        // A device or a pipe is written to, never replaced.
        const int device = ::open(file->c_str(), O_WRONLY | O_CLOEXEC);
        if (device < 0) return Output(-1, *file, {}).failure(errno);
        return Output(device, *file, {});
    }
    std::string temporary = file->string() + ".XXXXXX";
    const int descriptor = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (descriptor < 0) return Output(-1, *file, {}).failure(errno);
    Output output(descriptor, *file, std::move(temporary));
    if (readers == Readers::everybody && ::fchmod(descriptor, kReadByAll) != 0) return output.failure(errno);
    return output;
}

Result<void> Output::write(std::string& text) {
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t written = ::write(descriptor_, left.data(), left.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failure(errno);
        left.remove_prefix(static_cast<std::size_t>(written));
    }
    text.clear();
    return {};
}

Result<void> Output::finish() {
    if (temporary_.empty()) return {};
    const bool saved = ::fsync(descriptor_) == 0 && ::rename(temporary_.c_str(), target_.c_str()) == 0;
    if (!saved) return failure(errno);
    temporary_.clear();
    return {};
}

bool Output::is_terminal() const {
    return ::isatty(descriptor_) == 1;
}

}  // namespace keyshift::commands
