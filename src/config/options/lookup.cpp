// SPDX-License-Identifier: Apache-2.0
// OptionsReader's way from a key to its text, and from a mistake to a Problem.
#include <algorithm>

#include "base/ascii.hpp"
#include "config/options/options.hpp"
#include "config/options/reading.hpp"
#include "config/tree/text.hpp"

namespace keyshift::config {
namespace {

/// "collectors[0]" and "collectors[1]" have the same keys: both are known as "collectors[]".
std::string without_indices(std::string_view path) {
    std::string out;
    bool in_index = false;
    for (const char c : path) {
        in_index = in_index && base::is_digit(c);
        if (!in_index) out += c;
        in_index = in_index || c == '[';
    }
    return out;
}

}  // namespace

const TreeNode* OptionsReader::child(std::string_view key) const {
    return node_ == nullptr ? nullptr : node_->find(key);
}

bool OptionsReader::has(std::string_view key) const {
    return child(key) != nullptr;
}

bool OptionsReader::has_value(std::string_view key) const {
    const TreeNode* node = child(key);
    return node != nullptr && node->kind != TreeNode::Kind::null;
}

bool OptionsReader::is_as_written(std::string_view key, std::string_view text) const {
    const TreeNode* node = child(key);
    return node != nullptr && node->text == text;
}

std::string OptionsReader::under(std::string_view key) const {
    if (label_.empty() || key.empty()) return label_ + std::string(key);
    return label_ + "." + std::string(key);
}

void OptionsReader::ask(std::string_view key) {
    if (node_ == nullptr) return;
    auto& keys = reading_->sections[node_].keys;
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.emplace_back(key);
}

const TreeNode* OptionsReader::declare(std::string_view key, std::string_view fallback_text) {
    ask(key);
    reading_->known.push_back({without_indices(under(key)), std::string(fallback_text)});
    return child(key);
}

OptionsReader::Found OptionsReader::read_text(std::string_view key, std::string_view fallback_text,
                                              Null null) {
    const TreeNode* node = declare(key, fallback_text);
    if (node == nullptr) return {};
    if (node->kind == TreeNode::Kind::null && null == Null::allowed) return {std::nullopt, true};
    if (node->kind == TreeNode::Kind::text) return {expanded(*node, key), false};
    report_kind(*node, key, "a single value");
    return {};
}

bool OptionsReader::is_null(std::string_view key) {
    const TreeNode* node = declare(key, "null");
    return node != nullptr && node->kind == TreeNode::Kind::null;
}

std::vector<OptionsReader::Text> OptionsReader::read_list(std::string_view key,
                                                          std::string_view fallback_text) {
    const TreeNode* node = declare(key, fallback_text);
    return node == nullptr ? std::vector<Text>() : texts_of(*node, key);
}

std::vector<OptionsReader::Text> OptionsReader::texts_of(const TreeNode& node, std::string_view key) {
    std::vector<Text> texts;
    const auto add = [&](const TreeNode& item, const std::string& item_key) {
        if (item.kind != TreeNode::Kind::text) return report_kind(item, item_key, "a single value");
        if (auto text = expanded(item, item_key)) texts.push_back(*std::move(text));
    };
    if (node.kind == TreeNode::Kind::text) {
        add(node, std::string(key));
    } else if (node.kind != TreeNode::Kind::list) {
        report_kind(node, key, "a list");
    } else {
        if (node.items.empty()) {
            report(node.at, under(key), "is an empty list",
                   "give it an item, or remove the key to use its default");
        }
        for (std::size_t i = 0; i < node.items.size(); ++i)
            add(node.items[i], std::string(key) + "[" + std::to_string(i) + "]");
    }
    return texts;
}

std::vector<NamedTexts> OptionsReader::named_texts(std::string_view key) {
    const TreeNode* node = declare(key, "null");
    std::vector<NamedTexts> out;
    if (node == nullptr) return out;
    if (node->kind != TreeNode::Kind::map) {
        report_kind(*node, key, "a mapping");
        return out;
    }
    for (const Entry& entry : node->entries) {
        const std::string path =
            is_plain_key(entry.key) ? std::string(key) + "." + entry.key : std::string(key);
        NamedTexts named{entry.key, {}};
        for (Text& text : texts_of(entry.value, path)) named.texts.push_back(std::move(text.value));
        if (!named.texts.empty()) out.push_back(std::move(named));
    }
    return out;
}

std::optional<OptionsReader::Text> OptionsReader::expanded(const TreeNode& node, std::string_view key) {
    Expansion expansion = expand(node.text, reading_->environment);
    for (const base::Error& error : expansion.errors) report(node.at, under(key), error.what, error.hint);
    if (!expansion.errors.empty()) return std::nullopt;
    if (expansion.text.empty()) {
        report(node.at, under(key), node.text.empty() ? "is empty" : "is empty: its variables hold nothing",
               "give it a value, or remove the key");
        return std::nullopt;
    }
    return Text{std::string(key), std::move(expansion.text), shown(node.text), node.at};
}

std::size_t OptionsReader::choose(std::string_view key, std::span<const std::string_view> names,
                                  std::size_t fallback) {
    const std::vector<std::string> known(names.begin(), names.end());
    const auto parse = [&](std::string_view text) { return index_of(text, known); };
    return parsed<std::size_t>(key, fallback, names[fallback], parse);
}

Position OptionsReader::position_of(std::string_view key) const {
    const TreeNode* node = child(key);
    if (node == nullptr) node = child(std::string(key) + "_file");
    if (node == nullptr) node = node_;
    return node == nullptr ? at_ : node->at;
}

void OptionsReader::problem(std::string_view key, std::string what, std::string hint) {
    report(position_of(key), under(key), std::move(what), std::move(hint));
}

void OptionsReader::warning(std::string_view key, std::string what, std::string hint) {
    reading_->warnings.push_back(
        {reading_->file, position_of(key), under(key), std::move(what), std::move(hint), Severity::warning});
}

void OptionsReader::reject(const Text& text, const base::Error& error) {
    report(text.at, under(text.key), text.shown + " " + error.what, error.hint);
}

void OptionsReader::report_kind(const TreeNode& node, std::string_view key, std::string_view wanted) {
    switch (node.kind) {
        case TreeNode::Kind::broken:
            return;
        case TreeNode::Kind::null:
            return report(node.at, under(key), "has no value",
                          "give it " + std::string(wanted) + ", or remove the key to use its default");
        case TreeNode::Kind::text:
            return report(node.at, under(key), "is a single value", "make it " + std::string(wanted));
        case TreeNode::Kind::list:
            return report(node.at, under(key), "is a list", "make it " + std::string(wanted));
        case TreeNode::Kind::map:
            return report(node.at, under(key), "is a mapping", "make it " + std::string(wanted));
    }
}

void OptionsReader::report(Position at, std::string path, std::string what, std::string hint) {
    reading_->problems.push_back({reading_->file, at, std::move(path), std::move(what), std::move(hint)});
}

}  // namespace keyshift::config
