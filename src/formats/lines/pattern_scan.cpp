// SPDX-License-Identifier: Apache-2.0
#include "formats/lines/pattern_scan.hpp"

#include <algorithm>
#include <limits>

#include <hs.h>

#include "base/ascii.hpp"
#include "base/shared_library.hpp"
#include "formats/text/number.hpp"

namespace keyshift::formats {
namespace {

constexpr unsigned kFlags = HS_FLAG_PREFILTER | HS_FLAG_SINGLEMATCH | HS_FLAG_ALLOWEMPTY | HS_FLAG_DOTALL;
/// Larger repetitions take long to compile.
constexpr std::uint64_t kMostRepeated = 64;

struct Library {
    decltype(&hs_compile_multi) compile = nullptr;
    decltype(&hs_free_compile_error) free_error = nullptr;
    decltype(&hs_free_database) free_database = nullptr;
    decltype(&hs_alloc_scratch) alloc_scratch = nullptr;
    decltype(&hs_free_scratch) free_scratch = nullptr;
    decltype(&hs_scan) scan = nullptr;
};

/// Loaded once, for good; null where it is not there.
const Library* library() {
    static const Library* const loaded = []() -> const Library* {
        static Library out;
        const base::SharedLibrary file("libhs.so.5");
        const bool whole = file.find("hs_compile_multi", out.compile) &&
                           file.find("hs_free_compile_error", out.free_error) &&
                           file.find("hs_free_database", out.free_database) &&
                           file.find("hs_alloc_scratch", out.alloc_scratch) &&
                           file.find("hs_free_scratch", out.free_scratch) && file.find("hs_scan", out.scan);
        return whole ? &out : nullptr;
    }();
    return loaded;
}

/// Where {n} or {n,m} at `at` repeats too often.
bool repeats_often(std::string_view expression, std::size_t at) {
    std::string_view rest = expression.substr(at + 1);
    rest = rest.substr(0, rest.find('}'));
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
        comma = rest.find(',');
        const auto number = parse_unsigned(rest.substr(0, comma));
        if (number && *number > kMostRepeated) return true;
        if (comma != std::string_view::npos) rest.remove_prefix(comma + 1);
    }
    return false;
}

int record_match(unsigned id, unsigned long long /*from*/, unsigned long long /*to*/, unsigned /*flags*/,
                 void* out) {
    static_cast<std::vector<std::size_t>*>(out)->push_back(id);
    return 0;
}

/// The white space of the two differs by a vertical tab, so that what is none differs the wrong way.
std::string for_scan(std::string_view expression) {
    std::string out;
    for (std::size_t at = 0; at < expression.size(); ++at) {
        if (expression.substr(at, 2) == "\\S") {
            out += "[^\\t\\n\\f\\r ]";
            ++at;
            continue;
        }
        out += expression[at];
        if (expression[at] == '\\' && at + 1 < expression.size()) out += expression[++at];
    }
    return out;
}

}  // namespace

bool can_be_scanned(std::string_view expression) {
    bool in_class = false;
    for (std::size_t at = 0; at < expression.size(); ++at) {
        const char c = expression[at];
        if (c < ' ' || c > '~') return false;
        if (c == '\\') {
            const char next = at + 1 < expression.size() ? expression[at + 1] : '\\';
            const bool is_letter = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z');
            const std::string_view same = in_class ? "dwtnrf" : "dDwWsStnrfbAz";
            if (base::is_digit(next)) return false;
            if (is_letter && same.find(next) == std::string_view::npos) return false;
            ++at;
        } else if (in_class) {
            if (c == '[') return false;
            in_class = c != ']';
        } else if (c == '[') {
            in_class = true;
            if (expression.substr(at + 1, 1) == "^") ++at;
            if (expression.substr(at + 1, 1) == "]") return false;
        } else if (c == '{' && repeats_often(expression, at)) {
            return false;
        } else if (expression.substr(at, 2) == "(?" && expression.substr(at, 4) != "(?P<" &&
                   expression.substr(at, 3) != "(?:" && expression.substr(at, 4) != "(?i)") {
            return false;
        }
    }
    return true;
}

struct PatternScan::Database {
    ~Database() {
        if (scratch != nullptr) library()->free_scratch(scratch);
        if (database != nullptr) library()->free_database(database);
    }
    /// Whether all went well; if not, the number of the expression that did not, if it is known.
    bool compile(const std::vector<std::string>& expressions, std::size_t& wrong);

    std::vector<std::size_t> left_out;
    std::vector<unsigned> ids;
    hs_database_t* database = nullptr;
    hs_scratch_t* scratch = nullptr;
};

bool PatternScan::Database::compile(const std::vector<std::string>& expressions, std::size_t& wrong) {
    std::vector<std::string> texts;
    std::vector<const char*> pointers;
    for (const unsigned id : ids) texts.push_back(for_scan(expressions[id]));
    for (const std::string& text : texts) pointers.push_back(text.c_str());
    const std::vector<unsigned> flags(ids.size(), kFlags);
    hs_compile_error_t* error = nullptr;
    const auto count = static_cast<unsigned>(ids.size());
    const hs_error_t result = library()->compile(pointers.data(), flags.data(), ids.data(), count,
                                                 HS_MODE_BLOCK, nullptr, &database, &error);
    if (result == HS_SUCCESS) return library()->alloc_scratch(database, &scratch) == HS_SUCCESS;
    const int at = error == nullptr ? -1 : error->expression;
    if (error != nullptr) library()->free_error(error);
    wrong = at < 0 ? ids.size() : static_cast<std::size_t>(at);
    return false;
}

PatternScan::PatternScan(const std::vector<std::string>& expressions)
    : database_(std::make_unique<Database>()) {
    Database& to = *database_;
    for (std::size_t i = 0; i < expressions.size(); ++i) {
        if (can_be_scanned(expressions[i])) {
            to.ids.push_back(static_cast<unsigned>(i));
        } else {
            to.left_out.push_back(i);
        }
    }
    while (!to.ids.empty()) {
        std::size_t wrong = to.ids.size();
        if (library() != nullptr && to.compile(expressions, wrong)) break;
        const auto one = to.ids.begin() + static_cast<std::ptrdiff_t>(wrong);
        const auto end = wrong < to.ids.size() ? one + 1 : to.ids.end();
        const auto begin = wrong < to.ids.size() ? one : to.ids.begin();
        to.left_out.insert(to.left_out.end(), begin, end);
        to.ids.erase(begin, end);
    }
}

PatternScan::~PatternScan() = default;
PatternScan::PatternScan(PatternScan&&) noexcept = default;
PatternScan& PatternScan::operator=(PatternScan&&) noexcept = default;

const std::vector<std::size_t>& PatternScan::left_out() const {
    return database_->left_out;
}

void PatternScan::find(std::string_view text, std::vector<std::size_t>& out) {
    if (database_->ids.empty()) return;
    const std::size_t before = out.size();
    const bool fits = text.size() <= std::numeric_limits<unsigned>::max();
    const auto size = static_cast<unsigned>(text.size());
    if (fits && library()->scan(database_->database, text.data(), size, 0, database_->scratch, record_match,
                                &out) == HS_SUCCESS)
        return;
    out.resize(before);
    out.insert(out.end(), database_->ids.begin(), database_->ids.end());
}

}  // namespace keyshift::formats
