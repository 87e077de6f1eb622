// SPDX-License-Identifier: Apache-2.0
#include "daemon/status_page/html_answers.hpp"

#include <string_view>
#include <utility>

#include "exposition/negotiate.hpp"
#include "page/assets.hpp"

namespace keyshift::daemon {
namespace {

constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
constexpr int kNotFound = 404;
constexpr int kNotModified = 304;

http::Response no_such_file() {
    http::Response response;
    response.status = kNotFound;
    response.body = "There is no such file in this release: load the page again.\n";
    return response;
}

}  // namespace

http::Response html_answer(int status, std::string document) {
    http::Response response;
    response.status = status;
    response.content_type = "text/html; charset=utf-8";
    response.body = std::move(document);
    response.headers = {{"Content-Security-Policy", kPolicy},
                        {"Referrer-Policy", "no-referrer"},
                        {"X-Frame-Options", "DENY"},
                        {"Cross-Origin-Opener-Policy", "same-origin"},
                        {"Cross-Origin-Resource-Policy", "same-origin"},
                        {"Cache-Control", "no-store"},
                        {"Vary", "Accept"}};
    return response;
}

http::Response asset_answer(const http::Request& request) {
    const std::string folder = "/" + page::asset_folder();
    const page::Asset* const asset =
        request.path.starts_with(folder) ? page::find_asset(request.path.substr(folder.size())) : nullptr;
    if (asset == nullptr) return no_such_file();
    const bool small = exposition::negotiate_encoding(request.accept_encoding) == exposition::Encoding::gzip;
    const std::string etag =
        "\"" + page::asset_folder() + std::string(asset->name) + (small ? ".gz\"" : "\"");
    http::Response response;
    response.content_type = asset->content_type;
    response.headers = {{"Cache-Control", "public, max-age=31536000, immutable"},
                        {"ETag", etag},
                        {"Vary", "Accept-Encoding"},
                        {"Cross-Origin-Resource-Policy", "same-origin"}};
    if (request.if_none_match == etag) {
        response.status = kNotModified;
        return response;
    }
    if (small) response.headers.emplace_back("Content-Encoding", "gzip");
    response.body = small ? asset->gzipped : asset->bytes;
    return response;
}

bool reads_html(const http::Request& request) {
    return request.accept.find("text/html") != std::string_view::npos;
}

http::Response or_else(http::Response asked, std::function<http::Response(const http::Response&)> otherwise) {
    const auto decided = [](const http::Response& done) {
        return done.content_type.starts_with("text/html");
    };
    if (!asked.later) return decided(asked) ? asked : otherwise(asked);
    http::Response response;
    response.later = [begin = std::move(asked.later), otherwise = std::move(otherwise),
                      decided](http::Answer answer) {
        begin([answer = std::move(answer), otherwise, decided](http::Response done) {
            answer(decided(done) ? std::move(done) : otherwise(done));
        });
    };
    return response;
}

}  // namespace keyshift::daemon
