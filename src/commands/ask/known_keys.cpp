// SPDX-License-Identifier: Apache-2.0
#include "commands/ask/known_keys.hpp"

#include <utility>

#include "api/archive.hpp"
#include "commands/shared/judged_document.hpp"
#include "http/query.hpp"
#include "inventory/documents.hpp"
#include "inventory/lists.hpp"

namespace keyshift::commands {
namespace {

using base::Errc;
using base::Error;
using base::Result;

constexpr int kOk = 200;
constexpr int kMultipleChoices = 300;
constexpr int kBadRequest = 400;
constexpr int kNotFound = 404;

/// Of a reply that is a refusal.
Error refusal(const Reply& reply) {
    const auto problem = formats::parse_json(reply.body);
    const formats::JsonTree* const detail = problem ? problem->find("detail") : nullptr;
    const std::string text = detail != nullptr ? detail->text : "it answers " + std::to_string(reply.status);
    if (reply.status == kBadRequest) return {Errc::usage, text, {}};
    return {Errc::other, "the running daemon cannot tell: " + text, {}};
}

template <class Document>
Result<Document> read(const Reply& reply) {
    if (reply.status != kOk) return refusal(reply);
    return api::ArchiveReader::document<Document>(reply.body);
}

}  // namespace

std::string target_of(std::string_view path, const inventory::Parameters& parameters) {
    std::string out(path);
    char separator = '?';
    for (const auto& [name, value] : parameters)
        out += std::exchange(separator, '&') + name + "=" + http::encode_query_value(value);
    return out;
}

Result<std::optional<Reply>> KnownKeys::ask(const std::string& target) {
    if (snapshot_) return std::optional<Reply>();
    auto reply = ask_daemon_for(asker_.directories, target);
    if (reply) return std::optional(*std::move(reply));
    if (auto polled = poll_once(); !polled)
        return reply.error().code == Errc::connect ? polled.error() : reply.error();
    return std::optional<Reply>();
}

Result<void> KnownKeys::poll_once() {
    auto snapshot = snapshot_without_daemon(asker_);
    if (!snapshot) return snapshot.error();
    snapshot_ = *std::move(snapshot);
    return {};
}

Result<void> KnownKeys::index_once() {
    if (index_) return {};
    auto index = inventory::KeyIndex::build(*snapshot_->state);
    if (!index) return index.error();
    index_ = *std::move(index);
    return {};
}

inventory::JudgedBy KnownKeys::judged_by() const {
    return inventory::JudgedBy::of(snapshot_->model, snapshot_->now);
}

Result<api::KeyPage> KnownKeys::keys(const inventory::Parameters& parameters) {
    const auto reply = ask(target_of("/api/v1/keys", parameters));
    if (!reply) return reply.error();
    if (*reply) return read<api::KeyPage>(**reply);
    const auto query = inventory::KeyQuery::parse(parameters, snapshot_->now);
    if (!query) return query.error();
    if (auto indexed = index_once(); !indexed) return indexed.error();
    return key_page(*snapshot_->state, *index_, *query, judged_by());
}

Result<KnownKeys::Named> KnownKeys::named(const std::string& text) {
    if (text.empty()) return Named(api::KeyPage());
    const auto reply = ask("/api/v1/keys/" + http::encode_query_value(text));
    if (!reply) return reply.error();
    if (*reply && (*reply)->status == kNotFound) return Named(api::KeyPage());
    if (*reply && (*reply)->status == kMultipleChoices) {
        auto page = api::ArchiveReader::document<api::KeyPage>((*reply)->body);
        if (!page) return page.error();
        return Named(*std::move(page));
    }
    if (*reply) {
        auto details = read<api::KeyDetails>(**reply);
        if (!details) return details.error();
        return Named(*std::move(details));
    }
    if (auto indexed = index_once(); !indexed) return indexed.error();
    auto page = keys_of_rows(*snapshot_->state, rows_named(*index_, text), judged_by());
    if (!page) return page.error();
    if (page->items.size() != 1) return Named(*std::move(page));
    auto details = key_details(*snapshot_->state, page->items.front().id, judged_by());
    if (!details) return details.error();
    if (!*details) return Named(api::KeyPage());
    return Named(**std::move(details));
}

Result<api::List<api::Event>> KnownKeys::events(const inventory::Parameters& parameters) {
    const auto reply = ask(target_of("/api/v1/events", parameters));
    if (!reply) return reply.error();
    if (*reply) return read<api::List<api::Event>>(**reply);
    const auto query = inventory::TimeQuery::parse(parameters, snapshot_->now);
    if (!query) return query.error();
    return inventory::events(*snapshot_->state, *query);
}

}  // namespace keyshift::commands
