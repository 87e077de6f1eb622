// SPDX-License-Identifier: Apache-2.0
#include "http/problem.hpp"

#include "base/json.hpp"
#include "http/wire.hpp"

namespace keyshift::http {

Response problem(int status, std::string_view detail) {
    base::JsonWriter json;
    json.begin_object();
    json.key("type").value("about:blank");
    json.key("title").value(reason_phrase(status));
    json.key("status").value(status);
    json.key("detail").value(detail);
    json.end_object();
    Response response;
    response.status = status;
    response.content_type = "application/problem+json";
    response.body = json.take() + "\n";
    return response;
}

}  // namespace keyshift::http
