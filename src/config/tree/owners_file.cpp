// SPDX-License-Identifier: Apache-2.0
#include "config/tree/owners_file.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/utf8.hpp"
#include "config/tree/file.hpp"

namespace keyshift::config {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Reads rows one after the other, and knows the line at which the last one began.
class CsvRows {
 public:
    explicit CsvRows(std::string_view text) : rest_(text) {}

    /// False at the end. An empty line is no row.
    Result<bool> next(std::vector<std::string>& cells) {
        while (rest_.starts_with('\n') || rest_.starts_with("\r\n")) skip_line_end();
        cells.clear();
        line_ = at_line_;
        if (rest_.empty()) return false;
        for (;;) {
            auto cell = rest_.starts_with('"') ? quoted() : plain();
            if (!cell) return cell.error();
            cells.push_back(*std::move(cell));
            if (!rest_.starts_with(',')) break;
            rest_.remove_prefix(1);
        }
        skip_line_end();
        return true;
    }
    std::size_t line() const { return line_; }

 private:
    void skip_line_end() {
        if (rest_.starts_with('\r')) rest_.remove_prefix(1);
        if (rest_.starts_with('\n')) {
            rest_.remove_prefix(1);
            ++at_line_;
        }
    }
    Result<std::string> plain() {
        const auto end = std::min(rest_.find_first_of(",\n"), rest_.size());
        std::string cell{rest_.substr(0, end)};
        rest_.remove_prefix(end);
        if (cell.ends_with('\r') && !rest_.starts_with(',')) cell.pop_back();
        return cell;
    }
    Result<std::string> quoted() {
        std::string cell;
        rest_.remove_prefix(1);
        for (;;) {
            const auto end = rest_.find('"');
            if (end == std::string_view::npos) return Error{Errc::config, "a quote is not closed", {}};
            at_line_ += static_cast<std::size_t>(
                std::count(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
            cell += rest_.substr(0, end);
            rest_.remove_prefix(end + 1);
            if (!rest_.starts_with('"')) break;
            cell += '"';
            rest_.remove_prefix(1);
        }
        if (!rest_.empty() && rest_.find_first_of(",\r\n") != 0)
            return Error{Errc::config, "something follows a closing quote", {}};
        return cell;
    }

    std::string_view rest_;
    std::size_t at_line_ = 1;
    std::size_t line_ = 1;
};

/// Where each column is; the number of columns, where it is missing.
struct OwnerColumns {
    std::size_t count = 0;
    std::size_t owner = 0;
    std::size_t address = 0;
    std::size_t team = 0;
};

Result<OwnerColumns> columns_of(const std::vector<std::string>& header) {
    OwnerColumns out{header.size(), header.size(), header.size(), header.size()};
    for (std::size_t i = 0; i < header.size(); ++i) {
        std::size_t* const place = header[i] == "owner"     ? &out.owner
                                   : header[i] == "address" ? &out.address
                                   : header[i] == "team"    ? &out.team
                                                            : nullptr;
        if (place == nullptr)
            return Error{Errc::config, "there is no column \"" + base::escape_unsafe(header[i]) + "\"", {}};
        if (*place != out.count)
            return Error{Errc::config, "the column " + header[i] + " is there twice", {}};
        *place = i;
    }
    if (out.owner == out.count || out.address == out.count)
        return Error{Errc::config, "the first line does not name the columns owner and address", {}};
    return out;
}

}  // namespace

Result<OwnersFile> OwnersFile::parse(std::string_view text, const std::string& name) {
    if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
    CsvRows rows(text);
    const auto wrong = [&](const std::string& what) {
        return Error{Errc::config, name + ", line " + std::to_string(rows.line()) + ": " + what,
                     "write CSV with the columns owner, address and team, owner as the key table has it"};
    };
    OwnersFile out;
    std::vector<std::string> cells;
    auto row = rows.next(cells);
    if (!row) return wrong(row.error().what);
    const auto columns = columns_of(cells);
    if (!columns) return wrong(columns.error().what);
    for (row = rows.next(cells); row && *row; row = rows.next(cells)) {
        if (cells.size() != columns->count)
            return wrong(std::to_string(cells.size()) + " columns in place of " +
                         std::to_string(columns->count));
        std::string& owner = cells[columns->owner];
        if (owner.empty()) return wrong("the owner is missing");
        KnownOwner known{std::move(cells[columns->address]),
                         columns->team < columns->count ? std::move(cells[columns->team]) : std::string()};
        if (!out.owners_.emplace(owner, std::move(known)).second)
            return wrong("the owner " + base::escape_unsafe(owner) + " is there twice");
    }
    if (!row) return wrong(row.error().what);
    return out;
}

Result<OwnersFile> OwnersFile::read(const std::filesystem::path& file) {
    if (file.empty()) return OwnersFile();
    const auto text = read_small_file(file, kOwnersFileBytes);
    if (!text)
        return Error{Errc::config, "gateway.owners_file " + file.string() + " " + text.error().what,
                     text.error().hint};
    return parse(*text, "gateway.owners_file " + file.string());
}

const KnownOwner* OwnersFile::find(std::string_view owner) const {
    const auto found = owners_.find(owner);
    return found == owners_.end() ? nullptr : &found->second;
}

}  // namespace keyshift::config
