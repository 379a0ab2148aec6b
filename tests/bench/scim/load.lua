-- The calls of a provider, for wrk: -- CALL BASE TOKEN ID SIZE DOMAIN FIRST [HOW MANY]
-- ID is a format of a number; FIRST the number of the first new or changed person.

local call, base, id, size, domain, first, most
local count = 0
local headers = {}

function init(arguments)
  call, base, id = arguments[1], arguments[2], arguments[4]
  headers["Authorization"] = "Bearer " .. arguments[3]
  headers["X-Forwarded-Proto"] = "https" -- as from the proxy in front
  headers["X-Forwarded-For"] = "127.0.0.1"
  size, domain, first = tonumber(arguments[5]), arguments[6], tonumber(arguments[7])
  most = tonumber(arguments[8] or "0")
end

local function get(path) return wrk.format("GET", base .. path, headers) end

local function send(method, path, body)
  headers["Content-Type"] = "application/scim+json"
  return wrk.format(method, base .. path, headers, body)
end

local function somebody() return count * 7919 % size + 1 end

local function named(name)
  return get("/Users?filter=userName%20eq%20%22" .. name .. "%40" .. domain .. "%22")
end

local function create(number)
  local name = "new" .. number .. "@" .. domain
  return send("POST", "/Users",
    '{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "' .. name ..
    '", "externalId": "00u' .. number .. '", "name": {"givenName": "New", "familyName": "Person"}' ..
    ', "displayName": "New Person", "locale": "en-US", "active": true' ..
    ', "emails": [{"value": "' .. name .. '", "type": "work", "primary": true}]}')
end

local function patch(number, path, value)
  return send("PATCH", "/Users/" .. string.format(id, number),
    '{"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": ' ..
    '[{"op": "replace", "path": "' .. path .. '", "value": ' .. value .. '}]}')
end

local calls = {
  filter = function() return named("user" .. somebody()) end,
  GET = function() return get("/Users/" .. string.format(id, somebody())) end,
  list = function() return get("/Users?startIndex=1&count=100") end,
  deep = function() return get("/Users?startIndex=" .. (size - 150) .. "&count=100") end,
  middle = function() return get("/Users?startIndex=" .. math.floor(size / 2) .. "&count=100") end,
  POST = function() return create(first + count) end,
  -- A hundred people out, the same hundred in again: each call changes something.
  PATCH = function()
    local block, inside = math.floor(count / 200), count % 200
    return patch((first + block * 100 + inside % 100) % size + 1, "active",
      inside < 100 and "false" or "true")
  end,
  -- Okta's first import: is there such a user? then make one.
  okta = function()
    local number = first + math.floor(count / 2)
    return count % 2 == 0 and named("new" .. number) or create(number)
  end,
  -- Entra's cycle: look up everybody, change one in twenty.
  entra = function()
    local number = math.floor(count / 21) * 20 + math.min(count % 21, 19)
    if count % 21 < 20 then return named("user" .. number % size + 1) end
    return patch(number % size + 1, "title", '"Engineer ' .. first .. '"')
  end,
}

function request()
  local made = calls[call]()
  count = count + 1
  if count == most then
    print("enough")
    io.stdout:flush()
  end
  return made
end
