// SPDX-License-Identifier: Apache-2.0
#include "collectors/access/paths.hpp"

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/ascii.hpp"
#include "base/utf8.hpp"

namespace keyshift::collectors {
namespace {

constexpr std::string_view kHidden = "***";
/// How keys and tokens begin: the gateway's, and JSON Web Tokens.
constexpr std::string_view kKey = "sk-";
constexpr std::string_view kToken = "eyJ";
/// Shorter than any key.
constexpr std::size_t kLongestWord = 8;

bool is_key_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '+';
}

/// Whether a key begins at `at`: with something that is no part of a longer word before it, and enough of it.
bool is_key(std::string_view text, std::size_t at) {
    if (at > 0 && is_key_character(text[at - 1])) return false;
    std::size_t end = at;
    while (end < text.size() && is_key_character(text[end])) ++end;
    return end - at > kLongestWord;
}

/// Cuts off the first key and all behind it, which may be of it: keys may hold '/'.
void hide_keys(std::string& text) {
    for (const std::string_view begin : {kKey, kToken}) {
        std::size_t at = text.find(begin);
        while (at != std::string::npos && !is_key(text, at)) at = text.find(begin, at + 1);
        if (at == std::string::npos) continue;
        text.resize(at + begin.size());
        text += kHidden;
    }
}

std::string decoded(std::string_view path) {
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const bool enough = path[i] == '%' && i + 2 < path.size();
        const int high = enough ? base::hex_digit(path[i + 1]) : -1;
        const int low = enough ? base::hex_digit(path[i + 2]) : -1;
        if (high < 0 || low < 0) {
            out += path[i];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool needs_resolving(std::string_view path) {
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (path[i] == '%') return true;
        if (path[i] == '/' && i + 1 < path.size() && (path[i + 1] == '/' || path[i + 1] == '.')) return true;
    }
    return false;
}

/// What stands behind "http://" or "https://", in whatever case; all of it without.
std::string_view without_scheme(std::string_view target, bool& absolute) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (target.size() < scheme.size()) continue;
        absolute = base::equals_ignoring_case(scheme, target.substr(0, scheme.size()));
        if (absolute) return target.substr(scheme.size());
    }
    return target;
}

}  // namespace

std::string_view path_of(std::string_view target) {
    std::string_view path = target.substr(0, target.find_first_of("?#"));
    if (path.starts_with('/')) return path;
    bool absolute = false;
    path = without_scheme(path, absolute);
    if (!absolute) return {};
    const std::size_t slash = path.find('/');
    return slash == std::string_view::npos ? std::string_view("/") : path.substr(slash);
}

std::string resolved_path(std::string_view path) {
    const std::string whole = decoded(path);
    std::string out;
    for (std::size_t at = 0; at < whole.size();) {
        const std::size_t begin = whole[at] == '/' ? at + 1 : at;
        const std::size_t end = std::min(whole.find('/', begin), whole.size());
        const std::string_view part = std::string_view(whole).substr(begin, end - begin);
        const bool last = end == whole.size();
        if (part == "..") {
            const std::size_t parent = out.rfind('/');
            out.resize(parent == std::string::npos ? 0 : parent);
        }
        if (part.empty() || part == "." || part == "..") {
            if (last) out += '/';
        } else {
            out += '/';
            out += part;
        }
        at = end;
    }
    return out;
}

std::string shown_path(std::string_view path) {
    std::string out = resolved_path(path);
    out.resize(std::min(out.find('?'), out.size()));
    return shown_text(std::move(out));
}

std::string shown_text(std::string text) {
    hide_keys(text);
    return base::escape_unsafe(text);
}

bool PathFilter::begins(std::string_view path) const {
    return std::ranges::any_of(prefixes_,
                               [&](const std::string& prefix) { return path.starts_with(prefix); });
}

bool PathFilter::holds(std::string_view target) const {
    if (begins(target)) return true;
    const std::string_view path = path_of(target);
    if (begins(path)) return true;
    return needs_resolving(path) && begins(resolved_path(path));
}

}  // namespace keyshift::collectors
