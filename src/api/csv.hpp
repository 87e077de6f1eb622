// SPDX-License-Identifier: Apache-2.0
// Lists as CSV (RFC 4180, CRLF, a header row), by the same `describe` as their JSON: members of members are
// columns of their own ("replacement.id"). Texts are made harmless to spreadsheets (report/escape.hpp). Pure:
// safe from any thread.
#pragma once

#include <charconv>
#include <concepts>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "report/escape.hpp"

namespace keyshift::api {

class CsvWriter {
 public:
    /// The header row, then one for each item.
    template <class Item>
    static std::string document(const std::vector<Item>& items) {
        CsvWriter writer;
        writer.row(Item{}, Cells::names);
        for (const Item& item : items) writer.row(item, Cells::values);
        return std::move(writer.out_);
    }

    template <class T>
    void operator()(const char* name, const T& value) {
        const std::size_t outer = prefix_.size();
        prefix_ += name;
        write(value);
        prefix_.resize(outer);
    }

 private:
    enum class Cells { names, values, nothing };

    template <class Item>
    void row(const Item& item, Cells cells) {
        cells_ = cells;
        first_ = true;
        Item::describe(*this, item);
        out_ += "\r\n";
    }

    /// True: the cell's value is to be written.
    bool begin_cell() {
        if (!std::exchange(first_, false)) out_ += ',';
        if (cells_ == Cells::names) report::append_csv_text(out_, prefix_);
        return cells_ == Cells::values;
    }

    void write(const std::string& text) {
        if (begin_cell()) report::append_csv_text(out_, text);
    }
    void write(bool truth) {
        if (begin_cell()) out_ += truth ? "true" : "false";
    }
    void write(double number) {
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, number).ptr;
        if (begin_cell()) out_.append(text, end);
    }
    void write(std::integral auto number)
        requires(!std::same_as<decltype(number), bool>)
    {
        if (begin_cell()) out_ += std::to_string(number);
    }
    void write(base::Time time) {
        if (begin_cell()) base::append_rfc3339(out_, time);
    }
    /// "pending=3 issued=1".
    template <class Number>
    void write(const std::map<std::string, Number>& members) {
        if (!begin_cell()) return;
        std::string text;
        for (const auto& [name, number] : members)
            text += (text.empty() ? "" : " ") + name + "=" + std::to_string(number);
        report::append_csv_text(out_, text);
    }
    /// Separated by blanks.
    void write(const std::vector<std::string>& list) {
        if (!begin_cell()) return;
        std::string text;
        for (const std::string& item : list) text += (text.empty() ? "" : " ") + item;
        report::append_csv_text(out_, text);
    }
    /// How many there are.
    template <class T>
        requires requires(CsvWriter& writer, const T& value) { T::describe(writer, value); }
    void write(const std::vector<T>& list) {
        if (begin_cell()) out_ += std::to_string(list.size());
    }
    /// Nothing is an empty cell, or as many as there would be.
    template <class T>
    void write(const std::optional<T>& value) {
        if (value) return write(*value);
        const Cells outer = cells_;
        if (cells_ == Cells::values) cells_ = Cells::nothing;
        write(T{});
        cells_ = outer;
    }
    template <class T>
        requires requires(CsvWriter& writer, const T& value) { T::describe(writer, value); }
    void write(const T& value) {
        prefix_ += '.';
        T::describe(*this, value);
    }

    std::string out_;
    std::string prefix_;  // of the name of the next cell
    Cells cells_ = Cells::values;
    bool first_ = true;
};

}  // namespace keyshift::api
