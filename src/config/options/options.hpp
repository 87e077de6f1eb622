// SPDX-License-Identifier: Apache-2.0
// How a part of the program reads its own section of the configuration: each call below declares a key, with
// its default and bounds, and gives its value. A wrong value is recorded as a Problem and the default is
// returned, so that one pass finds every problem. A key that nobody asked for is a problem too; nothing has
// to be listed.
//
//     options.duration("interval", std::chrono::seconds{30}, {.min = ..., .max = ...})
//
// Text values have their ${VARIABLES} expanded. `null` is a value only where a function says so. Readers are
// views into the loader's work: use them only during the call that hands one over, on that thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/options/secret_source.hpp"
#include "config/tree/environment.hpp"
#include "config/tree/problem.hpp"

namespace keyshift::config {

struct TreeNode;
struct Reading;

/// Inclusive bounds.
template <class T>
struct Range {
    T min;
    T max;
};

/// Turns a text into a value of its own syntax. Its error says what is wrong without repeating the text ("is
/// not an address"): the reader puts the text in front where it may be shown.
template <class T>
using Parse = std::function<base::Result<T>(std::string_view)>;

/// Where a secret may be found when the file does not hold it. Empty names are not looked for.
struct SecretNames {
    std::string_view variable;      ///< the environment variable
    std::string_view credential;    ///< the file in $CREDENTIALS_DIRECTORY, systemd's LoadCredential=
    std::string_view sibling = {};  ///< the type of another collector, whose own in the file serves as well
};

/// The variable holds something, or the credential is there, whatever it holds.
bool is_given(const Environment& environment, SecretNames names);

struct NamedTexts {
    std::string name;
    std::vector<std::string> texts;  ///< not empty, nor is any of them
};

class OptionsReader {
 public:
    /// Not empty.
    std::string text(std::string_view key, std::string_view fallback);
    /// "30s", "1d12h": base::parse_duration, and never without a unit.
    base::Duration duration(std::string_view key, base::Duration fallback, Range<base::Duration> range);
    /// "2%" or "0.02".
    double ratio(std::string_view key, double fallback, Range<double> range);
    std::int64_t integer(std::string_view key, std::int64_t fallback, Range<std::int64_t> range);
    /// RFC 3339; `null`, the default, is none.
    std::optional<base::Time> time(std::string_view key);
    /// Relative paths resolve against the configuration file's directory; ~ is refused. Nothing is looked up
    /// on the disk.
    std::filesystem::path path(std::string_view key, const std::filesystem::path& fallback);
    /// The same where `null`, the default, means that there is none: then it is empty.
    std::filesystem::path optional_path(std::string_view key);
    /// A text where `null`, the default, means that there is none: then it is empty.
    std::string optional_text(std::string_view key);
    /// A list, or one text that stands for a list of one. Not empty, nor is any of its texts.
    std::vector<std::string> list_of_text(std::string_view key, const std::vector<std::string>& fallback);
    /// The same where `null`, the default, means that there is none: then it is empty.
    std::vector<std::string> optional_list_of_text(std::string_view key);

    /// A list of paths, or one; relative ones as `path`. An absent one reads as none.
    std::vector<std::filesystem::path> paths(std::string_view key);
    /// A mapping whose keys are for the reader to choose, each with one text or a list of them, in the file's
    /// order; an absent one reads as none.
    std::vector<NamedTexts> named_texts(std::string_view key);

    /// One of the names; names are unique.
    template <class E>
    E choice(std::string_view key, std::initializer_list<std::pair<std::string_view, E>> choices,
             E fallback) {
        std::vector<std::string_view> names;
        std::size_t at_fallback = 0;
        for (const auto& choice : choices) {
            if (choice.second == fallback) at_fallback = names.size();
            names.push_back(choice.first);
        }
        return (choices.begin() + choose(key, names, at_fallback))->second;
    }

    /// A secret `key`: inline, or as `<key>_file`, or as the sibling has it in the file, or the environment
    /// variable, or the credential, in this order (both in the file is a problem). It has been read once. A
    /// missing secret is a problem that names the ways to give it.
    SecretSource secret(std::string_view key, SecretNames names);

    /// The same where it need not be given: then given() is false.
    SecretSource optional_secret(std::string_view key, SecretNames names = {});

    /// A value with a syntax of its own; `fallback_text` is how the default would be written.
    template <class T>
    T parsed(std::string_view key, T fallback, std::string_view fallback_text,
             const std::type_identity_t<Parse<T>>& parse) {
        const Found found = read_text(key, fallback_text, Null::refused);
        if (!found.text) return fallback;
        auto value = parse(found.text->value);
        if (value) return *std::move(value);
        reject(*found.text, value.error());
        return fallback;
    }
    /// The same where `null` means that there is none.
    template <class T>
    std::optional<T> parsed_or_null(std::string_view key, std::optional<T> fallback,
                                    std::string_view fallback_text,
                                    const std::type_identity_t<Parse<T>>& parse) {
        const Found found = read_text(key, fallback ? fallback_text : "null", Null::allowed);
        if (found.is_null) return std::nullopt;
        if (!found.text) return fallback;
        auto value = parse(found.text->value);
        if (value) return *std::move(value);
        reject(*found.text, value.error());
        return fallback;
    }
    /// A list of such values, or one that stands for a list of one; not empty. One wrong value: all of
    /// `fallback`.
    template <class T>
    std::vector<T> parsed_list(std::string_view key, std::vector<T> fallback, std::string_view fallback_text,
                               const std::type_identity_t<Parse<T>>& parse) {
        std::vector<T> values;
        const auto texts = read_list(key, fallback_text);
        for (const Text& text : texts) {
            auto value = parse(text.value);
            if (!value) {
                reject(text, value.error());
            } else {
                values.push_back(*std::move(value));
            }
        }
        if (values.empty() || values.size() != texts.size()) return fallback;
        return values;
    }

    /// The same where `null`, the default, means that there is none; so does one wrong value.
    template <class T>
    std::optional<std::vector<T>> parsed_list_or_null(std::string_view key,
                                                      const std::type_identity_t<Parse<T>>& parse) {
        if (is_null(key)) return std::nullopt;
        auto values = parsed_list<T>(key, {}, "null", parse);
        if (values.empty()) return std::nullopt;
        return values;
    }

    /// The mapping at `key`; an absent one reads as all defaults.
    OptionsReader section(std::string_view key);
    /// The same where `null`, the default, means that there is none.
    std::optional<OptionsReader> optional_section(std::string_view key);
    /// True when the file gives `key` as a mapping, for keys that may also be a single value.
    bool is_mapping(std::string_view key) const;
    /// The mappings in the list at `key`; an absent one reads as none.
    std::vector<OptionsReader> sections(std::string_view key);

    /// Records a problem that the functions above cannot see, such as two values that contradict each other;
    /// it points at `key`'s value (or its `_file`), or at this section when the key is absent. `key` may be
    /// empty.
    void problem(std::string_view key, std::string what, std::string hint);
    /// The same for a value that is valid, but hardly meant.
    void warning(std::string_view key, std::string what, std::string hint);
    /// True when the file gives `key`, even as `null` or wrongly.
    bool has(std::string_view key) const;
    /// ... but not as `null`.
    bool has_value(std::string_view key) const;

    // For the loader:

    /// `node` is null for a section that is absent; `label` is its path, empty for the whole file.
    OptionsReader(Reading& reading, const TreeNode* node, Position at, std::string label);
    /// This section under another path.
    OptionsReader named(std::string label) const { return {*reading_, node_, at_, std::move(label)}; }
    const TreeNode* node() const { return node_; }
    /// Whatever else this section holds is no problem: nobody can tell what it should be.
    void accept_unknown_keys();

 private:
    enum class Null { refused, allowed };
    struct Text {
        std::string key;
        std::string value;
        std::string
            shown;  ///< how to repeat it in a message: quoted, or "the value" when it must not be seen
        Position at;
    };
    struct Found {
        std::optional<Text> text;
        bool is_null = false;
    };

    std::size_t choose(std::string_view key, std::span<const std::string_view> names, std::size_t fallback);
    Found read_text(std::string_view key, std::string_view fallback_text, Null null);
    std::vector<Text> read_list(std::string_view key, std::string_view fallback_text);
    /// Whether a key whose default is `null` is given as that.
    bool is_null(std::string_view key);
    std::vector<Text> texts_of(const TreeNode& node, std::string_view key);
    /// A path as it stands at `key`. Error: config.
    base::Result<std::filesystem::path> resolved(std::string_view key, std::string_view text) const;
    SecretSource read_secret(std::string_view key, SecretNames names, bool required);
    /// What the file itself says of a secret; nothing when the other places are to be looked at.
    std::optional<SecretSource> secret_in_file(std::string_view key);
    std::optional<SecretSource> secret_of(std::string_view sibling, std::string_view key) const;
    std::optional<Text> expanded(const TreeNode& node, std::string_view key);

    const TreeNode* child(std::string_view key) const;
    /// True when no variable was expanded to get `text`, so that it may be shown.
    bool is_as_written(std::string_view key, std::string_view text) const;
    void ask(std::string_view key);
    const TreeNode* declare(std::string_view key, std::string_view fallback_text);
    std::string under(std::string_view key) const;

    void reject(const Text& text, const base::Error& error);
    void report_kind(const TreeNode& node, std::string_view key, std::string_view wanted);
    Position position_of(std::string_view key) const;
    void report(Position at, std::string path, std::string what, std::string hint);

    Reading* reading_;
    const TreeNode* node_;
    Position at_;
    std::string label_;
};

}  // namespace keyshift::config
