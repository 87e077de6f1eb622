// SPDX-License-Identifier: Apache-2.0
#include "config/options/secret_source.hpp"

#include <utility>

#include "config/tree/file.hpp"
#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

void drop_newline(std::string& text) {
    text.pop_back();
    if (text.ends_with('\r')) text.pop_back();
}

}  // namespace

SecretSource SecretSource::value(base::Secret secret, std::string origin) {
    SecretSource source;
    source.value_ = std::move(secret);
    source.origin_ = std::move(origin);
    return source;
}

SecretSource SecretSource::file(std::filesystem::path file, std::string origin) {
    SecretSource source;
    source.file_ = std::move(file);
    source.origin_ = std::move(origin);
    return source;
}

base::Result<base::Secret> SecretSource::read() const {
    if (!given()) return invalid("the secret is not given", "see docs/configuration.md");
    base::Secret secret = value_;
    if (!file_.empty()) {
        auto content = read_small_file(file_, kMaxSecretBytes);
        if (!content) return invalid(origin_ + " " + content.error().what, content.error().hint);
        secret = base::Secret(*std::move(content));
    }
    if (secret.reveal().ends_with('\n')) {
        std::string text = secret.reveal();
        drop_newline(text);
        secret = base::Secret(std::move(text));
    }
    if (secret.empty()) return invalid(origin_ + " is empty", "put the secret into it");
    if (secret.reveal().find('\0') != std::string::npos)
        return invalid(origin_ + " holds a NUL byte", "put the secret into it as text");
    return secret;
}

}  // namespace keyshift::config
