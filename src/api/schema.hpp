// SPDX-License-Identifier: Apache-2.0
// The JSON Schema (2020-12, as OpenAPI 3.1 uses it) of a resource, by the same `describe` as its JSON, so
// that the two cannot differ. Pure: safe from any thread.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "base/time.hpp"

namespace keyshift::api {

class SchemaWriter {
 public:
    /// Writes the schema of T; with `document`, of a whole document that has a schema_version.
    template <class T>
    static void write(base::JsonWriter& json, bool document) {
        SchemaWriter writer(json);
        json.begin_object();
        json.key("type").value("object");
        json.key("properties").begin_object();
        if (document) {
            json.key("schema_version");
            writer.put(static_cast<const std::uint64_t*>(nullptr));
            writer.required_.emplace_back("schema_version");
        }
        const T example{};
        T::describe(writer, example);
        json.end_object();
        json.key("required").begin_array();
        for (const std::string& name : writer.required_) json.value(std::string_view(name));
        json.end_array();
        json.end_object();
    }

    template <class T>
    void operator()(const char* name, const T& /*example*/) {
        required_.emplace_back(name);
        json_.key(name);
        put(static_cast<const T*>(nullptr));
    }

 private:
    explicit SchemaWriter(base::JsonWriter& json) : json_(json) {}

    void type(const char* name, const char* format = nullptr) {
        json_.begin_object();
        json_.key("type").value(name);
        if (format != nullptr) json_.key("format").value(format);
        json_.end_object();
    }
    void put(const std::string* /*type*/) { type("string"); }
    void put(const base::Time* /*type*/) { type("string", "date-time"); }
    void put(const bool* /*type*/) { type("boolean"); }
    void put(const double* /*type*/) { type("number"); }
    template <std::integral Number>
        requires(!std::same_as<Number, bool>)
    void put(const Number* /*type*/) {
        json_.begin_object();
        json_.key("type").value("integer");
        json_.key("minimum").value(0);
        json_.end_object();
    }
    template <class T>
    void put(const std::optional<T>* /*type*/) {
        json_.begin_object();
        json_.key("anyOf").begin_array();
        put(static_cast<const T*>(nullptr));
        type("null");
        json_.end_array();
        json_.end_object();
    }
    template <class T>
    void put(const std::vector<T>* /*type*/) {
        json_.begin_object();
        json_.key("type").value("array");
        json_.key("items");
        put(static_cast<const T*>(nullptr));
        json_.end_object();
    }
    template <class T>
    void put(const std::map<std::string, T>* /*type*/) {
        json_.begin_object();
        json_.key("type").value("object");
        json_.key("additionalProperties");
        put(static_cast<const T*>(nullptr));
        json_.end_object();
    }
    template <class T>
        requires requires(SchemaWriter& writer, const T& value) { T::describe(writer, value); }
    void put(const T* /*type*/) {
        write<T>(json_, false);
    }

    base::JsonWriter& json_;
    std::vector<std::string> required_;
};

}  // namespace keyshift::api
