// SPDX-License-Identifier: Apache-2.0
// A node of PostgreSQL's parse tree, as libpg_query writes it in JSON. A value that stays good as long as its
// document. Kept inside src/formats: it brings simdjson along.
#pragma once

#include <string_view>

#include <simdjson.h>

namespace keyshift::formats {

/// {"Kind": {...}}, or the inner object where the tree knows the kind.
class SqlNode {
 public:
    SqlNode() = default;
    explicit SqlNode(simdjson::dom::element element) : element_(element), there_(true) {}

    explicit operator bool() const { return there_; }
    /// "ColumnRef", of a node that tells its kind; empty: it does not.
    std::string_view kind() const {
        simdjson::dom::object object;
        if (!there_ || element_.get(object) != simdjson::SUCCESS || object.size() != 1) return {};
        const std::string_view key = (*object.begin()).key;
        return !key.empty() && key.front() >= 'A' && key.front() <= 'Z' ? key : std::string_view{};
    }
    /// What is in it behind its kind.
    SqlNode body() const { return kind().empty() ? *this : (*this)[kind()]; }
    /// A member; not there: false.
    SqlNode operator[](std::string_view name) const {
        simdjson::dom::element found;
        simdjson::dom::object object;
        if (!there_ || element_.get(object) != simdjson::SUCCESS) return {};
        return object.at_key(name).get(found) == simdjson::SUCCESS ? SqlNode(found) : SqlNode();
    }
    std::string_view text(std::string_view name) const {
        std::string_view out;
        const SqlNode member = (*this)[name];
        return member && member.element_.get(out) == simdjson::SUCCESS ? out : std::string_view{};
    }
    /// Its text, of {"String": {"sval": "..."}}.
    std::string_view string() const { return kind() == "String" ? body().text("sval") : std::string_view{}; }
    std::int64_t number(std::string_view name) const {
        std::int64_t out = 0;
        const SqlNode member = (*this)[name];
        return member && member.element_.get(out) == simdjson::SUCCESS ? out : 0;
    }
    bool yes(std::string_view name) const {
        bool out = false;
        const SqlNode member = (*this)[name];
        return member && member.element_.get(out) == simdjson::SUCCESS && out;
    }

    /// Calls `each` with every item, of a list.
    template <class Each>
    void items(Each each) const {
        simdjson::dom::array array;
        if (!there_ || element_.get(array) != simdjson::SUCCESS) return;
        for (const simdjson::dom::element item : array) each(SqlNode(item));
    }
    template <class Each>
    void items(std::string_view name, Each each) const {
        (*this)[name].items(each);
    }
    /// Calls `each` with every node below: members of an object, items of a list.
    template <class Each>
    void children(Each each) const {
        simdjson::dom::object object;
        items(each);
        if (!there_ || element_.get(object) != simdjson::SUCCESS) return;
        for (const simdjson::dom::key_value_pair member : object) each(SqlNode(member.value));
    }
    std::size_t size() const {
        simdjson::dom::array array;
        return there_ && element_.get(array) == simdjson::SUCCESS ? array.size() : 0;
    }
    SqlNode first() const {
        SqlNode out;
        items([&](SqlNode item) { out = out ? out : item; });
        return out;
    }
    SqlNode last() const {
        SqlNode out;
        items([&](SqlNode item) { out = item; });
        return out;
    }

 private:
    simdjson::dom::element element_;
    bool there_ = false;
};

}  // namespace keyshift::formats
