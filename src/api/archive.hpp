// SPDX-License-Identifier: Apache-2.0
// How resources become JSON and are read back: each says once what its members are, in a function
// `describe(archive, self)`, and the two archives here write or read them. Pure: safe from any thread.
#pragma once

#include <cmath>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "formats/text/json_tree.hpp"

namespace keyshift::api {

/// Of every document. A change that a reader of the version before would get wrong raises it; members that
/// are added do not.
inline constexpr int kSchemaVersion = 1;

class ArchiveWriter {
 public:
    template <class T>
    void operator()(const char* name, const T& value) {
        out_.key(name);
        write(value);
    }

    /// One object, for a list that is written as it is read.
    template <class T>
    static std::string object(const T& resource) {
        ArchiveWriter writer;
        writer.write(resource);
        return writer.out_.take();
    }

    /// A whole document, with its last line ended.
    template <class T>
    static std::string document(const T& resource) {
        ArchiveWriter writer;
        writer.out_.begin_object();
        writer("schema_version", kSchemaVersion);
        T::describe(writer, resource);
        writer.out_.end_object();
        return writer.out_.take() + "\n";
    }

 private:
    template <class T>
    void write(const T& value) {
        if constexpr (requires { T::describe(*this, value); }) {
            out_.begin_object();
            T::describe(*this, value);
            out_.end_object();
        } else {
            out_.value(value);
        }
    }
    template <class T>
    void write(const std::optional<T>& value) {
        value ? write(*value) : static_cast<void>(out_.null());
    }
    template <class T>
    void write(const std::vector<T>& list) {
        out_.begin_array();
        for (const T& item : list) write(item);
        out_.end_array();
    }
    template <class T>
    void write(const std::map<std::string, T>& members) {
        out_.begin_object();
        for (const auto& [name, value] : members) {
            out_.key(name);
            write(value);
        }
        out_.end_object();
    }

    base::JsonWriter out_;
};

/// What a document does not have keeps its default: an older program may have written it.
class ArchiveReader {
 public:
    template <class T>
    void operator()(const char* name, T& value) {
        if (const formats::JsonTree* const member = from_->find(name)) read(*member, value);
    }

    /// Errors: parse (no JSON, a member of another kind, another schema version).
    template <class T>
    static base::Result<T> document(std::string_view text) {
        const auto tree = formats::parse_json(text);
        if (!tree) return tree.error();
        ArchiveReader reader(*tree);
        int version = 0;
        reader("schema_version", version);
        T resource;
        if (version == kSchemaVersion) T::describe(reader, resource);
        if (version == kSchemaVersion && reader.sound_) return resource;
        return base::Error{base::Errc::parse,
                           "the running daemon answers in the form of another version of keyshift",
                           "restart it: systemctl restart keyshift"};
    }

 private:
    using Kind = formats::JsonTree::Kind;

    explicit ArchiveReader(const formats::JsonTree& from) : from_(&from) {}

    bool is(const formats::JsonTree& tree, Kind kind) {
        sound_ = sound_ && tree.kind == kind;
        return tree.kind == kind;
    }
    void read(const formats::JsonTree& tree, std::string& value) {
        if (is(tree, Kind::text)) value = tree.text;
    }
    void read(const formats::JsonTree& tree, bool& value) {
        if (is(tree, Kind::boolean)) value = tree.truth;
    }
    void read(const formats::JsonTree& tree, double& value) {
        if (is(tree, Kind::number)) value = tree.number;
    }
    template <std::integral Number>
        requires(!std::same_as<Number, bool>)
    void read(const formats::JsonTree& tree, Number& value) {
        constexpr double kExact = 9007199254740992.0;
        if (!is(tree, Kind::number)) return;
        sound_ =
            sound_ && tree.number >= 0 && tree.number <= kExact && std::floor(tree.number) == tree.number;
        if (sound_) value = static_cast<Number>(tree.number);
    }
    void read(const formats::JsonTree& tree, base::Time& value) {
        if (!is(tree, Kind::text)) return;
        const auto time = base::parse_rfc3339(tree.text);
        sound_ = sound_ && time;
        value = time.value_or(value);
    }
    template <class T>
    void read(const formats::JsonTree& tree, std::optional<T>& value) {
        if (tree.kind == Kind::null) return value.reset();
        T inner{};
        read(tree, inner);
        value = std::move(inner);
    }
    template <class T>
    void read(const formats::JsonTree& tree, std::vector<T>& list) {
        list.clear();
        if (!is(tree, Kind::list)) return;
        for (const formats::JsonTree& item : tree.items) read(item, list.emplace_back());
    }
    template <class T>
    void read(const formats::JsonTree& tree, std::map<std::string, T>& members) {
        members.clear();
        if (!is(tree, Kind::object)) return;
        for (const auto& [name, value] : tree.members) read(value, members[name]);
    }
    template <class T>
        requires requires(ArchiveReader& reader, T& value) { T::describe(reader, value); }
    void read(const formats::JsonTree& tree, T& value) {
        if (!is(tree, Kind::object)) return;
        const formats::JsonTree* const outer = std::exchange(from_, &tree);
        T::describe(*this, value);
        from_ = outer;
    }

    const formats::JsonTree* from_;
    bool sound_ = true;
};

}  // namespace keyshift::api
