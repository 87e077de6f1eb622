// SPDX-License-Identifier: Apache-2.0
#include "collectors/gateway_metrics/target_files.hpp"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

#include <fnmatch.h>
#include <sys/stat.h>

#include "base/utf8.hpp"
#include "config/tree/file.hpp"
#include "config/tree/file_sd.hpp"

namespace keyshift::collectors {
namespace {

namespace fs = std::filesystem;
using base::Errc;
using base::Error;
using base::Result;
using drivers::HttpUrl;

constexpr std::array<const char*, 3> kExtensions{".json", ".yml", ".yaml"};

bool is_pattern(const fs::path& path) {
    return path.filename().native().find('*') != std::string::npos;
}

std::string shown(const fs::path& path) {
    return base::escape_unsafe(path.native());
}

std::int64_t nanoseconds(const timespec& t) {
    return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

/// The file's name before a predicate.
Error named(const fs::path& path, const Error& error) {
    return {Errc::parse, "the file " + shown(path) + " " + error.what, error.hint};
}

}  // namespace

Result<void> TargetFiles::check(const fs::path& pattern) {
    if (std::ranges::find(kExtensions, pattern.extension()) == kExtensions.end())
        return Error{Errc::config, "does not end in .json, .yml or .yaml", "name a file of targets"};
    if (pattern.parent_path().native().find('*') != std::string::npos)
        return Error{Errc::config, "has a * in a directory", "write * in the file's name only"};
    return {};
}

TargetFiles::Poll TargetFiles::poll() {
    Poll out;
    for (auto& [path, file] : files_) file.seen = false;
    for (const fs::path& pattern : patterns_) {
        const auto paths = files_of(pattern);
        if (!paths) {
            out.faults.push_back({shown(pattern), paths.error()});
            // Nobody knows what is there now.
            for (auto& [path, file] : files_)
                file.seen = file.seen || path.parent_path() == pattern.parent_path();
            continue;
        }
        for (const fs::path& path : *paths) {
            File& file = files_[path];
            if (!std::exchange(file.seen, true)) read_file(path, file);
        }
    }
    std::erase_if(files_, [](const auto& entry) { return !entry.second.seen; });
    for (const auto& [path, file] : files_) {
        out.targets.insert(out.targets.end(), file.targets.begin(), file.targets.end());
        if (file.error) out.faults.push_back({shown(path), *file.error});
    }
    return out;
}

/// A file that is named is there or missing; of a pattern, what is there counts.
Result<std::vector<fs::path>> TargetFiles::files_of(const fs::path& pattern) const {
    if (!is_pattern(pattern)) return std::vector<fs::path>{pattern};
    std::vector<fs::path> out;
    const fs::path directory = pattern.has_parent_path() ? pattern.parent_path() : fs::path(".");
    std::error_code error;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        if (::fnmatch(pattern.filename().c_str(), entry->path().filename().c_str(), FNM_PERIOD) == 0)
            out.push_back(pattern.parent_path() / entry->path().filename());
    }
    if (error) {
        return Error{Errc::permission,
                     "the directory " + shown(directory) + " cannot be read: " + error.message(),
                     "check its path and its mode"};
    }
    return out;
}

void TargetFiles::read_file(const fs::path& path, File& file) {
    const auto identity = identity_of(path);
    if (identity && identity == file.identity) return;
    // Read before it is known to be whole: a change while it is read shows at the next poll.
    auto targets = read(path);
    file.identity = identity;
    file.error.reset();
    if (targets) {
        file.targets = *std::move(targets);
    } else {
        file.error = named(path, targets.error());
    }
}

Result<std::vector<HttpUrl>> TargetFiles::read(const fs::path& path) const {
    const auto text = config::read_small_file(path, config::kFileSdBytes);
    if (!text) return text.error();
    const auto targets = config::parse_file_sd(*text);
    if (!targets) return targets.error();
    std::vector<HttpUrl> urls;
    for (const config::FileTarget& target : *targets) {
        auto url = HttpUrl::parse((target.scheme.empty() ? scheme_ : target.scheme) + "://" + target.address +
                                  (target.path.empty() ? path_ : target.path));
        if (!url) return Error{Errc::parse, "has a target whose URL " + url.error().what, "write host:port"};
        urls.push_back(*std::move(url));
    }
    return urls;
}

std::optional<TargetFiles::Identity> TargetFiles::identity_of(const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return Identity{status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                    nanoseconds(status.st_ctim)};
}

}  // namespace keyshift::collectors
