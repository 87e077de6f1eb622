// SPDX-License-Identifier: Apache-2.0
#include "drivers/files/names.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include <dirent.h>
#include <fnmatch.h>

namespace keyshift::drivers {
namespace {

bool has_wildcard(std::string_view text) {
    return text.find_first_of("*?[") != std::string_view::npos;
}

std::string why(int code) {
    return std::generic_category().message(code);
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// Goes down a pattern part by part. glob(3) would not say which directories it could not read, nor which it
/// read.
class Expansion {
 public:
    explicit Expansion(NamesFound& found) : found_(found) {}

    /// `rest` is what the pattern says below `directory`, which ends in '/'.
    void below(const std::string& directory, std::string_view rest) {
        const std::size_t end = rest.find('/');
        const std::string part(rest.substr(0, end));
        const bool last = end == std::string_view::npos;
        const std::string_view deeper = last ? std::string_view() : rest.substr(end + 1);
        if (has_wildcard(part)) return list(directory, part, last, deeper);
        if (!last) return below(directory + part + '/', deeper);
        found_.directories.insert(nearest(directory));
        paths.push_back(directory + part);
    }

    std::vector<std::string> paths = {};

 private:
    void list(const std::string& directory, const std::string& part, bool last, std::string_view deeper) {
        const Directory open(::opendir(directory.c_str()));
        const int code = errno;
        found_.directories.insert(nearest(directory));
        if (!open) {
            // Below a wildcard, that a part of the path is not there only means that nothing matches.
            if (depth_ == 0 || (code != ENOENT && code != ENOTDIR))
                found_.faults.push_back({directory, why(code), code});
            return;
        }
        ++depth_;
        while (const dirent* entry = ::readdir(open.get())) {
            if (::fnmatch(part.c_str(), entry->d_name, FNM_PERIOD) != 0) continue;
            if (last) {
                paths.push_back(directory + entry->d_name);
            } else {
                below(directory + entry->d_name + '/', deeper);
            }
        }
        --depth_;
    }

    /// The directory, or the one above it that is there.
    static std::string nearest(std::string directory) {
        directory = directory_of(directory);
        while (directory != "/" && directory != "." && !status_of(directory))
            directory = directory_of(directory);
        return directory;
    }

    NamesFound& found_;
    int depth_ = 0;  // wildcards above
};

}  // namespace

std::string directory_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

std::string base_name_of(const std::string& path) {
    return path.substr(path.rfind('/') + 1);
}

bool is_named_after(const std::string& path, const std::string& original) {
    const std::string name = base_name_of(path);
    const std::string log = base_name_of(original);
    constexpr std::string_view kBetween = ".-_~#@";
    const auto parts = [&](std::size_t at) { return kBetween.find(name[at]) != std::string_view::npos; };
    if (name.size() <= log.size()) return false;
    if (name.starts_with(log)) return parts(log.size());
    const std::size_t dot = log.rfind('.');
    if (dot == std::string::npos || dot == 0 || !parts(dot)) return false;
    const std::string_view ending = std::string_view(log).substr(dot);
    if (!name.starts_with(log.substr(0, dot)) || !name.ends_with(ending)) return false;
    const std::string_view middle = std::string_view(name).substr(dot, name.size() - log.size());
    return middle.find_first_not_of("0123456789.-_:+TZ") == std::string_view::npos;
}

NamesFound LogGlobs::find() const {
    NamesFound out;
    std::set<std::string> seen;
    for (const std::string& glob : globs_) {
        const bool wild = has_wildcard(glob);
        Expansion expansion(out);
        expansion.below("/", std::string_view(glob).substr(1));
        for (std::string& path : expansion.paths) {
            if (globs_.size() > 1 && !seen.insert(path).second) continue;
            const auto status = status_of(path);
            const int code = errno;
            if (!status) {
                // Gone since it was listed, or a link to nowhere.
                if (!wild || (code != ENOENT && code != ENOTDIR))
                    out.faults.push_back({std::move(path), why(code), code});
            } else if (!status->regular()) {
                out.faults.push_back({std::move(path), "is a " + kind_of(*status), 0});
            } else {
                out.files.push_back({std::move(path), *status});
            }
        }
    }
    return out;
}

bool LogGlobs::may_match(std::string_view name) const {
    const std::string text(name);
    return std::any_of(globs_.begin(), globs_.end(), [&](const std::string& glob) {
        if (::fnmatch(base_name_of(glob).c_str(), text.c_str(), 0) == 0) return true;
        // A directory on the way to a name.
        for (std::string part = directory_of(glob); part != "/" && part != "."; part = directory_of(part))
            if (::fnmatch(base_name_of(part).c_str(), text.c_str(), 0) == 0) return true;
        return false;
    });
}

bool LogGlobs::is_plain_name(const std::string& path) const {
    return std::find(globs_.begin(), globs_.end(), path) != globs_.end();
}

std::vector<std::string> list_files(const std::string& directory) {
    std::vector<std::string> out;
    const Directory open(::opendir(directory.c_str()));
    if (!open) return out;
    while (const dirent* entry = ::readdir(open.get())) {
        if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
            out.push_back(directory + '/' + entry->d_name);
    }
    return out;
}

Whereabouts find_in(const std::string& directory, const FileId& id) {
    const Directory open(::opendir(directory.c_str()));
    if (!open) return {};
    const auto status = status_of(directory);
    if (!status || status->id.device != id.device) return {};
    Whereabouts out{.readable = true};
    while (const dirent* entry = ::readdir(open.get())) {
        if (entry->d_ino != id.inode) continue;
        std::string path = directory + '/' + entry->d_name;
        const auto found = status_of(path);
        if (found && found->id == id) out.path = std::move(path);
    }
    return out;
}

}  // namespace keyshift::drivers
