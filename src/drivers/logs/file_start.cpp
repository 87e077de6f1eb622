// SPDX-License-Identifier: Apache-2.0
#include "drivers/logs/file_start.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>

#include <time.h>

#include "drivers/files/signature.hpp"

namespace keyshift::drivers {
namespace {

/// In the cursor, before a record's name or a path's hash.
constexpr std::string_view kSize = "start:";
constexpr std::string_view kHidden = "hidden:";

template <class Number>
std::optional<Number> number(std::string_view text) {
    Number out{};
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    if (end.ec != std::errc{} || end.ptr != text.data() + text.size()) return std::nullopt;
    return out;
}

/// A name for a path that is printable whatever it holds.
std::string hashed(std::string_view path) {
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    return std::to_string(hash_of(path));
}

bool hides(const NamesFound::Fault& fault) {
    return fault.code == EACCES || fault.code == EPERM;
}

/// By the clock of file systems, which goes in steps of some milliseconds: by a finer one, a file that is
/// made right after this would be older than this.
std::int64_t now_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return std::chrono::nanoseconds(std::chrono::seconds(now.tv_sec)).count() + now.tv_nsec;
}

}  // namespace

void LogFileStart::resume(std::string_view name, std::string_view text) {
    if (name.starts_with(kSize)) {
        const auto id = decode_record_name(name.substr(kSize.size()));
        const auto size = number<std::uint64_t>(text);
        if (id && size) sizes_[*id] = *size;
    } else if (name.starts_with(kHidden)) {
        if (const auto since = number<std::int64_t>(text))
            hidden_[std::string(name.substr(kHidden.size()))] = *since;
    }
}

void LogFileStart::begin(const std::vector<NamesFound::Fault>& faults) {
    for (const auto& fault : faults) {
        if (!hides(fault)) continue;
        const std::string key = hashed(fault.path);
        hidden_[key] = now_ns();
        changes_[std::string(kHidden) + key] = std::to_string(hidden_[key]);
    }
}

void LogFileStart::note(const NamedFile& file) {
    if (!sizes_.emplace(file.status.id, file.status.size).second) return;
    changes_[std::string(kSize) + record_name(file.status.id)] = std::to_string(file.status.size);
}

bool LogFileStart::was_hidden(const NamedFile& file) const {
    if (hidden_.empty() || file.status.id.birth_ns == 0) return false;
    for (std::string path = file.path;; path = directory_of(path)) {
        const auto found = hidden_.find(hashed(path));
        if (found != hidden_.end()) return file.status.id.birth_ns < found->second;
        if (path == "/" || path == ".") return false;
    }
}

std::optional<std::uint64_t> LogFileStart::take_end(const LogFile& file) {
    const FileId& id = file.record.id;
    if (const auto found = sizes_.find(id); found != sizes_.end()) {
        const std::uint64_t size = found->second;
        sizes_.erase(found);
        changes_[std::string(kSize) + record_name(id)] = std::nullopt;
        return size;
    }
    if (was_hidden({file.record.path, file.status})) return file.status.size;
    return std::nullopt;
}

LogCursorChanges LogFileStart::take_changes(const std::vector<NamesFound::Fault>& faults) {
    std::set<std::string> still;
    if (!hidden_.empty())
        for (const auto& fault : faults)
            if (hides(fault)) still.insert(hashed(fault.path));
    for (auto at = hidden_.begin(); at != hidden_.end();) {
        if (still.contains(at->first)) {
            ++at;
            continue;
        }
        changes_[std::string(kHidden) + at->first] = std::nullopt;
        at = hidden_.erase(at);
    }
    return std::exchange(changes_, {});
}

}  // namespace keyshift::drivers
