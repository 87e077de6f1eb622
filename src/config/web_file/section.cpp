// SPDX-License-Identifier: Apache-2.0
#include "config/web_file/section.hpp"

#include <algorithm>
#include <utility>

#include "config/tree/text.hpp"
#include "config/web_file/go_values.hpp"

namespace keyshift::config {
namespace {

using Kind = TreeNode::Kind;

const std::vector<Entry> kNoEntries;

}  // namespace

WebSection::WebSection(const TreeNode* node, std::string label, Found& found)
    : node_(node), label_(std::move(label)), found_(&found) {
    if (node_ == nullptr || node_->kind == Kind::map || node_->kind == Kind::null ||
        node_->kind == Kind::broken)
        return;
    problem("", "is not a mapping", "write 'key: value' lines, indented below it");
    node_ = nullptr;
}

bool WebSection::has(std::string_view key) const {
    return find(key) != nullptr;
}

bool WebSection::is_null() const {
    return node_ != nullptr && node_->kind == Kind::null;
}

bool WebSection::is_null(std::string_view key) const {
    const TreeNode* const value = find(key);
    return is_null() || (value != nullptr && value->kind == Kind::null);
}

std::string WebSection::text(std::string_view key) {
    const TreeNode* const value = named(key);
    if (value == nullptr) return {};
    auto text = go_text(*value);
    if (!text) problem(key, "is not a text", "write one value behind the colon");
    return text.value_or("");
}

bool WebSection::boolean(std::string_view key, bool fallback) {
    const TreeNode* const value = named(key);
    if (value == nullptr) return fallback;
    const auto boolean = go_boolean(*value);
    if (!boolean) problem(key, "is not a boolean", "write true or false, without quotes");
    return boolean.value_or(fallback);
}

std::int64_t WebSection::integer(std::string_view key) {
    const TreeNode* const value = named(key);
    if (value == nullptr) return 0;
    const auto number = go_integer(*value);
    if (!number) problem(key, "is not a number", "write a whole number, without quotes");
    return number.value_or(0);
}

std::int64_t WebSection::nanoseconds(std::string_view key) {
    const TreeNode* const value = named(key);
    if (value == nullptr) return 0;
    const auto duration = go_nanoseconds(*value);
    if (!duration) problem(key, "is not a duration", "write one such as 100ms, 1s or 1m30s");
    return duration.value_or(0);
}

std::optional<std::vector<const TreeNode*>> WebSection::items(std::string_view key) {
    const TreeNode* const value = named(key);
    if (value == nullptr || value->kind == Kind::null) return std::nullopt;
    if (value->kind != Kind::list) {
        problem(key, "is not a list", "write '- value' lines, or [value, value]");
        return std::nullopt;
    }
    std::vector<const TreeNode*> out;
    for (const TreeNode& item : value->items) out.push_back(&item);
    return out;
}

WebSection WebSection::section(std::string_view key) {
    return {named(key), path(key), *found_};
}

const std::vector<Entry>& WebSection::entries() const {
    return node_ == nullptr ? kNoEntries : node_->entries;
}

void WebSection::problem(std::string_view key, std::string what, std::string hint) {
    const TreeNode* const value = find(key);
    if (value != nullptr && value->kind == Kind::broken) return;
    found_->problems.push_back({"", position(key), path(key), std::move(what), std::move(hint)});
}

void WebSection::problem(const TreeNode& node, std::string_view key, std::string what, std::string hint) {
    if (node.kind == Kind::broken) return;
    found_->problems.push_back({"", node.at, path(key), std::move(what), std::move(hint)});
}

void WebSection::warning(std::string_view key, std::string what, std::string hint) {
    found_->warnings.push_back(
        {"", position(key), path(key), std::move(what), std::move(hint), Severity::warning});
}

void WebSection::refuse_unknown() {
    for (const Entry& entry : entries()) {
        if (std::ranges::find(known_, entry.key) != known_.end()) continue;
        Problem problem{"", entry.at, label_, "has a key that is not a plain word", "write key: value"};
        if (is_plain_key(entry.key)) {
            const auto near = nearest(entry.key, known_);
            problem.key = path(entry.key);
            problem.what = "is not a known key";
            problem.hint = near ? "did you mean '" + *near + "'?" : "use one of " + joined(known_);
        }
        found_->problems.push_back(std::move(problem));
    }
}

const TreeNode* WebSection::named(std::string_view key) {
    known_.emplace_back(key);
    return find(key);
}

const TreeNode* WebSection::find(std::string_view key) const {
    return node_ == nullptr || key.empty() ? nullptr : node_->find(key);
}

std::string WebSection::path(std::string_view key) const {
    if (key.empty()) return label_;
    return label_.empty() ? std::string(key) : label_ + "." + std::string(key);
}

Position WebSection::position(std::string_view key) const {
    const TreeNode* const value = find(key);
    if (value != nullptr) return value->at;
    return node_ == nullptr ? Position{} : node_->at;
}

}  // namespace keyshift::config
