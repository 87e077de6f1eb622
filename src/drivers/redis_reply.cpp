// SPDX-License-Identifier: Apache-2.0
// hiredis's reader calls back for each element; what it is handed back is where the element stands in the
// tree of RedisReply.
#include "drivers/redis_reply.hpp"

#include <algorithm>
#include <cstdlib>
#include <exception>

#include <hiredis/read.h>

#include "base/utf8.hpp"

namespace keyshift::drivers {
namespace {

using base::Errc;
using base::Error;
using base::Result;
using Kind = RedisReply::Kind;

Error bad(const std::string& what) {
    return {Errc::parse, "its answer cannot be understood: " + what,
            "is this the port of a Redis server? For TLS write rediss://"};
}

/// Null, which the reader takes for a lack of memory, above the limit and when there is none. Nothing may be
/// thrown through C.
RedisReply* place(const redisReadTask* task, RedisReply reply) noexcept {
    try {
        std::size_t& count = *static_cast<std::size_t*>(task->privdata);
        if (++count > RedisReader::kMaxElements) return nullptr;
        if (task->parent == nullptr) return new RedisReply(std::move(reply));
        auto& siblings = static_cast<RedisReply*>(task->parent->obj)->elements;
        // Moves elder siblings, which are complete: the reader holds pointers to ancestors only.
        return &siblings.emplace_back(std::move(reply));
    } catch (const std::exception&) {
        return nullptr;
    }
}

void* create_string(const redisReadTask* task, char* bytes, std::size_t size) {
    try {
        const Kind kind = task->type == REDIS_REPLY_ERROR ? Kind::error : Kind::text;
        return place(task, RedisReply{kind, std::string(bytes, size)});
    } catch (const std::exception&) {
        return nullptr;
    }
}

void* create_array(const redisReadTask* task, int /*announced*/) {
    return place(task, RedisReply{Kind::array});
}

void* create_integer(const redisReadTask* task, long long value) {
    return place(task, RedisReply{Kind::integer, {}, value});
}

void* create_nil(const redisReadTask* task) {
    return place(task, RedisReply{});
}

void free_root(void* reply) {
    delete static_cast<RedisReply*>(reply);
}

redisReplyObjectFunctions callbacks{create_string, create_array, create_integer, create_nil, free_root};

}  // namespace

RedisReader::RedisReader() : reader_(redisReaderCreateWithFunctions(&callbacks), &redisReaderFree) {
    if (reader_) reader_->privdata = &elements_;
}

RedisReader::~RedisReader() = default;

/// hiredis waits for whatever is announced, and looks again through a line that does not end.
Result<void> RedisReader::check_pending() const {
    if (reader_->ridx < 0 || reader_->len == reader_->pos) return {};
    std::size_t announced = 0;
    if (reader_->rstack[reader_->ridx].type == REDIS_REPLY_STRING) {
        const long long size = std::strtoll(reader_->buf + reader_->pos, nullptr, 10);
        announced = static_cast<std::size_t>(std::max(size, 0LL));
    }
    if (announced > kMaxBytes) return bad("a reply of more than 64 MiB");
    if (reader_->len - reader_->pos > announced + kMaxLine) return bad("a line of more than 64 KiB");
    return {};
}

Result<std::optional<RedisReply>> RedisReader::feed(std::string_view bytes) {
    if (!reader_) return Error{Errc::other, "no memory for a reply", {}};
    taken_ += bytes.size();
    if (taken_ > kMaxBytes) return bad("a reply of more than 64 MiB");
    void* found = nullptr;
    if (redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) != REDIS_OK ||
        redisReaderGetReply(reader_.get(), &found) != REDIS_OK) {
        if (elements_ > kMaxElements) return bad("a reply of more than a million elements");
        return bad(base::visible(static_cast<const char*>(reader_->errstr)));
    }
    if (found == nullptr) {
        if (auto pending = check_pending(); !pending) return pending.error();
        return std::optional<RedisReply>();
    }
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(found));
    if (reader_->len != reader_->pos) return bad("more than was asked for");
    taken_ = 0;
    elements_ = 0;
    return std::optional<RedisReply>(std::move(*reply));
}

std::string encode_redis_command(const std::vector<std::string_view>& words) {
    std::string out = "*" + std::to_string(words.size()) + "\r\n";
    for (const std::string_view word : words)
        out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
    return out;
}

}  // namespace keyshift::drivers
