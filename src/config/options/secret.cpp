// SPDX-License-Identifier: Apache-2.0
// OptionsReader::secret: where a secret may stand, and in which order it is looked for.
#include <system_error>

#include "base/utf8.hpp"
#include "config/options/options.hpp"
#include "config/options/reading.hpp"
#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

std::optional<SecretSource> from_environment(const Environment& environment, std::string_view variable) {
    if (variable.empty()) return std::nullopt;
    auto value = non_empty(environment, variable);
    if (!value) return std::nullopt;
    return SecretSource::value(base::Secret(*std::move(value)),
                               "the environment variable " + std::string(variable));
}

std::optional<SecretSource> from_credential(const Environment& environment, std::string_view name) {
    if (name.empty()) return std::nullopt;
    const auto directory = non_empty(environment, "CREDENTIALS_DIRECTORY");
    if (!directory) return std::nullopt;
    const auto file = std::filesystem::path(*directory) / std::filesystem::path(name);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return std::nullopt;
    return SecretSource::file(file, "the systemd credential " + std::string(name) +
                                        " ($CREDENTIALS_DIRECTORY/" + std::string(name) + ")");
}

std::string ways_to_give(std::string_view key, SecretNames names) {
    std::string out = "give " + std::string(key) + "_file, or " + std::string(key);
    if (!names.variable.empty()) out += ", or set the environment variable " + std::string(names.variable);
    if (!names.credential.empty()) out += ", or load the systemd credential " + std::string(names.credential);
    if (!names.sibling.empty()) out += ", or give it to the collector " + std::string(names.sibling);
    return out;
}

}  // namespace

bool is_given(const Environment& environment, SecretNames names) {
    return from_environment(environment, names.variable) || from_credential(environment, names.credential);
}

std::optional<SecretSource> OptionsReader::secret_in_file(std::string_view key) {
    const std::string file_key = std::string(key) + "_file";
    const Found value = read_text(key, "null", Null::allowed);
    const Found file = read_text(file_key, "null", Null::allowed);
    const auto stands = [&](std::string_view name, const Found& found) {
        return has(name) && !found.is_null;
    };
    if (stands(key, value) && stands(file_key, file)) {
        problem(file_key, "is given beside " + std::string(key), "remove one of the two");
        return SecretSource{};
    }
    if (value.text) return SecretSource::value(base::Secret(value.text->value), under(key));
    if (file.text && file.text->value.find("://") != std::string::npos) {
        problem(file_key, "holds a URL where the path of a file is wanted",
                "put it under " + std::string(key));
        return SecretSource{};
    }
    if (file.text) {
        const auto found = resolved(file_key, file.text->value);
        if (!found) return reject(*file.text, found.error()), SecretSource{};
        reading_->secret_files.insert(*found);
        const std::string& printed =
            is_as_written(file_key, file.text->value) ? found->native() : child(file_key)->text;
        return SecretSource::file(*found, "the file " + base::escape_unsafe(printed));
    }
    if (stands(key, value) || stands(file_key, file)) return SecretSource{};
    return std::nullopt;
}

/// Mistakes that stand there are reported where they stand.
std::optional<SecretSource> OptionsReader::secret_of(std::string_view sibling, std::string_view key) const {
    const auto found = reading_->collectors.find(sibling);
    if (found == reading_->collectors.end()) return std::nullopt;
    reading_->consulted.push_back(found->second);
    const std::size_t problems = reading_->problems.size();
    OptionsReader reader(*reading_, found->second, found->second->at, "collectors[" + found->first + "]");
    auto source = reader.secret_in_file(key);
    reading_->problems.resize(problems);
    return source;
}

SecretSource OptionsReader::secret(std::string_view key, SecretNames names) {
    return read_secret(key, names, true);
}

SecretSource OptionsReader::optional_secret(std::string_view key, SecretNames names) {
    return read_secret(key, names, false);
}

SecretSource OptionsReader::read_secret(std::string_view key, SecretNames names, bool required) {
    auto source = secret_in_file(key);
    const bool own = source.has_value();
    if (!source && !names.sibling.empty()) source = secret_of(names.sibling, key);
    if (source && !source->given()) return {};
    // Said once, where it stands.
    if (source && !own && !source->read()) return {};
    if (!source) source = from_environment(reading_->environment, names.variable);
    if (!source) source = from_credential(reading_->environment, names.credential);
    if (!source && !required) return {};
    if (!source) {
        problem(key, "is not given", ways_to_give(key, names));
        return {};
    }
    const auto secret = source->read();
    if (secret) return *std::move(source);
    const std::string file_key = std::string(key) + "_file";
    problem(has(file_key) ? file_key : key, secret.error().what, secret.error().hint);
    return {};
}

}  // namespace keyshift::config
