// SPDX-License-Identifier: Apache-2.0
#include "config/tree/yaml.hpp"

#include <functional>
#include <map>
#include <sstream>
#include <string>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "config/tree/text.hpp"
#include "config/tree/yaml_source.hpp"

namespace keyshift::config {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMostAliased = 10'000;

std::size_t count_nodes(const TreeNode& node) {
    std::size_t count = 1;
    for (const TreeNode& item : node.items) count += count_nodes(item);
    for (const Entry& entry : node.entries) count += count_nodes(entry.value);
    return count;
}

/// Thrown through the library to stop it: `problem` is why.
struct Stop {
    Problem problem;
};

/// Turns the library's events into a tree. It uses events because the library's own tree loses duplicate keys
/// and follows aliases.
class TreeBuilder : public YAML::EventHandler {
 public:
    TreeBuilder(std::string_view text, std::vector<Problem>& problems, Aliases aliases)
        : text_(text), finder_(text), problems_(problems), aliases_(aliases) {
        open_.reserve(kMaxDepth);  // so that frames stay where they are
    }

    void OnDocumentStart(const YAML::Mark& mark) override {
        if (std::exchange(started_, true))
            throw Stop{explain_second_document(text_, static_cast<std::size_t>(mark.pos))};
    }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { put(mark, TreeNode::Kind::null); }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        if (aliases_ == Aliases::taken) return put_again(mark, anchor);
        report(position(mark), "", "uses an alias", "write the value out");
        put(mark, TreeNode::Kind::broken);
    }
    void OnAnchor(const YAML::Mark& mark, const std::string&) override {
        if (aliases_ == Aliases::taken) return;
        report(position(mark), "", "uses an anchor", "write each value out, or quote one that starts with &");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_tag(mark, tag);
        put(mark, TreeNode::Kind::text, value, tag == "!");
        if (anchor != 0)
            anchored_[anchor] = {TreeNode::Kind::text, position(mark), value, {}, {}, tag == "!"};
        read_ = static_cast<std::size_t>(mark.pos) + value.size();
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, TreeNode::Kind::list, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, TreeNode::Kind::map, anchor);
    }
    void OnMapEnd() override { close(); }

    TreeNode& root() { return root_; }
    std::size_t read() const { return read_; }
    Position position(const YAML::Mark& mark) {
        return finder_.at(mark.is_null() ? 0 : static_cast<std::size_t>(mark.pos));
    }

 private:
    struct Frame {
        TreeNode* node;
        std::map<std::string, int, std::less<>> lines{};  ///< of a map's keys
        std::string key{};                                ///< the last one; empty when it is no text
        bool awaits_value = false;                        ///< the last key has been read, its value not yet
        bool drops_value = false;                         ///< that value is faulty and goes to `dropped`
        TreeNode dropped{};
        YAML::anchor_t anchor = 0;  ///< 0: none
    };

    bool at_key() const {
        return !open_.empty() && open_.back().node->kind == TreeNode::Kind::map && !open_.back().awaits_value;
    }
    void report(Position at, std::string key, std::string what, std::string hint) {
        problems_.push_back({"", at, std::move(key), std::move(what), std::move(hint)});
    }
    [[noreturn]] void stop(const YAML::Mark& mark, std::string what, std::string hint) {
        throw Stop{{"", position(mark), "", std::move(what), std::move(hint)}};
    }
    void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!")
            report(position(mark), "", "uses a tag", "remove it, or quote a value that starts with !");
    }
    void open(const YAML::Mark& mark, const std::string& tag, TreeNode::Kind kind, YAML::anchor_t anchor) {
        refuse_tag(mark, tag);
        if (open_.size() == kMaxDepth)
            stop(mark, "is nested too deeply", "no key needs more than a few levels");
        if (at_key()) stop(mark, "has a key that is not a text", "close its brackets, or write a plain word");
        open_.push_back({add(mark, kind, "")});
        open_.back().anchor = anchor;
    }
    void close() {
        const Frame& frame = open_.back();
        if (frame.anchor != 0 && aliases_ == Aliases::taken) anchored_[frame.anchor] = *frame.node;
        open_.pop_back();
    }
    /// What the anchor names, once more. Within itself it is not complete, and so not there.
    void put_again(const YAML::Mark& mark, YAML::anchor_t anchor) {
        const auto found = anchored_.find(anchor);
        const bool as_key = at_key();
        if (found == anchored_.end() || (as_key && found->second.kind != TreeNode::Kind::text))
            stop(mark, "uses an alias where it cannot stand", "write the value out");
        aliased_ += count_nodes(found->second);
        if (aliased_ > kMostAliased) stop(mark, "grows too large by its aliases", "write the values out");
        if (as_key) return add_key(position(mark), TreeNode::Kind::text, found->second.text);
        TreeNode* const node = add(mark, found->second.kind, found->second.text);
        const Position at = node->at;
        *node = found->second;
        node->at = at;
    }
    void put(const YAML::Mark& mark, TreeNode::Kind kind, const std::string& text = {}, bool quoted = false) {
        if (at_key()) return add_key(position(mark), kind, text);
        add(mark, kind, text)->quoted = quoted;
    }
    /// Adds a node where the next one belongs. The result stays valid until its parent gets another child.
    TreeNode* add(const YAML::Mark& mark, TreeNode::Kind kind, const std::string& text) {
        TreeNode node{kind, position(mark), text, {}, {}, false};
        if (open_.empty()) return &(root_ = std::move(node));
        Frame& frame = open_.back();
        if (frame.node->kind == TreeNode::Kind::list) return &frame.node->items.emplace_back(std::move(node));
        frame.awaits_value = false;
        // The library places what is not there at the next thing that is.
        if (kind == TreeNode::Kind::null && !frame.drops_value) node.at = frame.node->entries.back().at;
        if (frame.drops_value) return &(frame.dropped = std::move(node));
        return &(frame.node->entries.back().value = std::move(node));
    }
    void add_key(Position at, TreeNode::Kind kind, const std::string& key) {
        Frame& frame = open_.back();
        frame.awaits_value = true;
        frame.key = key;
        frame.drops_value = kind != TreeNode::Kind::text;
        if (frame.drops_value) return report(at, path(""), "has a value without a key", "write key: value");
        const auto [first, is_first] = frame.lines.emplace(key, at.line);
        frame.drops_value = !is_first;
        if (is_first) {
            frame.node->entries.push_back({key, at, {}});
            return;
        }
        report(at, path(key), "is given twice, first on line " + std::to_string(first->second), "remove one");
    }
    /// The path of `key` in the innermost open mapping, as far as it may be repeated.
    std::string path(const std::string& key) const {
        std::string out;
        for (std::size_t i = 0; i < open_.size(); ++i) {
            const TreeNode& node = *open_[i].node;
            const bool innermost = i + 1 == open_.size();
            if (node.kind == TreeNode::Kind::list) {
                out += "[" + std::to_string(node.items.size() - 1) + "]";
                continue;
            }
            const std::string& part = innermost ? key : open_[i].key;
            if (!is_plain_key(part)) break;
            out += (out.empty() ? "" : ".") + part;
        }
        return out;
    }

    std::string_view text_;
    PositionFinder finder_;
    std::size_t read_ = 0;  ///< the offset behind the last scalar
    std::vector<Problem>& problems_;
    TreeNode root_;
    std::vector<Frame> open_;
    bool started_ = false;
    Aliases aliases_;
    std::map<YAML::anchor_t, TreeNode> anchored_;
    std::size_t aliased_ = 0;  ///< nodes that aliases have added
};

}  // namespace

std::optional<TreeNode> parse_yaml(std::string_view text, std::vector<Problem>& problems, Aliases aliases) {
    if (auto foreign = find_foreign_bytes(text)) {
        problems.push_back(*std::move(foreign));
        return std::nullopt;
    }
    TreeBuilder builder(text, problems, aliases);
    try {
        // At a bare end of file the library takes an open quote for closed; before a document's end it does
        // not.
        std::istringstream stream{std::string(text) + "\n...\n"};
        YAML::Parser parser(stream);
        while (parser.HandleNextDocument(builder)) {
        }
        return std::move(builder.root());
    } catch (const Stop& stopped) {
        problems.push_back(stopped.problem);
    } catch (const YAML::Exception& error) {
        const std::size_t offset = error.mark.is_null() ? 0 : static_cast<std::size_t>(error.mark.pos);
        problems.push_back(explain_syntax_error(error.msg, text, offset, builder.read()));
    }
    return std::nullopt;
}

}  // namespace keyshift::config
