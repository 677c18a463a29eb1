"""What Redis does at once, undivided: each script is one step from one state of the registry to the next.

PREFIX:lease     server → when its lease ends, in ms of Redis's clock   a server is there until then
PREFIX:load      server → how full it is, 0..1 and more                 the least is asked first
PREFIX:info      server → what others need of it, as JSON
PREFIX:of:SERVER names of its avatars
PREFIX:avatar:NAME        owner, term, kept                             there is one owner, by one record
PREFIX:orphans   name → when it lost its server      taken by another a little later, if its owner stays away
PREFIX:term      counts; every ownership has a number of its own

Who changes an avatar's record shows owner and term: nobody writes over what another has taken (fencing).
All time is Redis's: clocks of servers may differ. A test hands in the time in its place.
"""

_CLOCK = """
local prefix, now = ARGV[1], tonumber(ARGV[2])
if now == 0 then
  local at = redis.call('TIME')
  now = at[1] * 1000 + math.floor(at[2] / 1000)
end
local function key(name) return prefix .. ':' .. name end
local function alive(server)
  local ends = redis.call('ZSCORE', key('lease'), server)
  return ends and tonumber(ends) > now
end
local function owns(server, name, term)
  local held = redis.call('HMGET', key('avatar:' .. name), 'owner', 'term')
  return held[1] == server and held[2] == term
end
local function forget(server)
  redis.call('DEL', key('of:' .. server))
  redis.call('ZREM', key('lease'), server)
  redis.call('ZREM', key('load'), server)
  redis.call('HDEL', key('info'), server)
end
local function own(server, name, kept)
  local term = tostring(redis.call('INCR', key('term')))
  redis.call('HSET', key('avatar:' .. name), 'owner', server, 'term', term, 'kept', kept)
  redis.call('PERSIST', key('avatar:' .. name))
  redis.call('SADD', key('of:' .. server), name)
  redis.call('ZREM', key('orphans'), name)
  return term
end
"""

BEAT_STEP = (
    _CLOCK
    + """
local server, info, load, ttl, orphan_s = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6]), ARGV[7]
local lapsed = alive(server) and 0 or 1
redis.call('ZADD', key('lease'), now + ttl, server)
redis.call('ZADD', key('load'), load, server)
redis.call('HSET', key('info'), server, info)
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', key('lease'), '-inf', now, 'LIMIT', 0, 8)) do
  for _, name in ipairs(redis.call('SMEMBERS', key('of:' .. dead))) do
    redis.call('ZADD', key('orphans'), 'NX', now, name)
    redis.call('EXPIRE', key('avatar:' .. name), orphan_s)
  end
  forget(dead)
end
return {lapsed, redis.call('ZRANK', key('load'), server), redis.call('ZCARD', key('lease')),
        redis.call('ZCARD', key('orphans'))}
"""
)
"""server, info, load, ttl ms, s that orphans are kept → lapsed, rank by load, servers, orphans."""

CLAIM_STEP = (
    _CLOCK
    + """
local server, name, kept = ARGV[3], ARGV[4], ARGV[5]
if redis.call('EXISTS', key('avatar:' .. name)) == 1 then return false end
return own(server, name, kept)
"""
)
"""server, name, kept → term; nothing if the name is taken."""

RECLAIM_STEP = (
    _CLOCK
    + """
local server, name, kept = ARGV[3], ARGV[4], ARGV[5]
local owner = redis.call('HGET', key('avatar:' .. name), 'owner')
if owner and owner ~= server then return false end
return own(server, name, kept)
"""
)
"""server, name, kept → a new term; nothing if another has taken it. What Redis has lost is there again."""

MINE_STEP = (
    _CLOCK
    + """
return redis.call('SMEMBERS', key('of:' .. ARGV[3]))
"""
)
"""server → names of its avatars."""

KEEP_STEP = (
    _CLOCK
    + """
local server, name, kept, term = ARGV[3], ARGV[4], ARGV[5], ARGV[6]
if not owns(server, name, term) then return 0 end
redis.call('HSET', key('avatar:' .. name), 'kept', kept)
return 1
"""
)
"""server, name, kept, term → 1; 0 if it is another's."""

RELEASE_STEP = (
    _CLOCK
    + """
local server, name, term = ARGV[3], ARGV[4], ARGV[5]
if redis.call('HGET', key('avatar:' .. name), 'owner') ~= server then return 0 end
if term ~= '' and not owns(server, name, term) then return 0 end
redis.call('DEL', key('avatar:' .. name))
redis.call('SREM', key('of:' .. server), name)
redis.call('ZREM', key('orphans'), name)
return 1
"""
)
"""server, name, term or "" → 1; 0 if it is another's."""

HAND_OVER_STEP = (
    _CLOCK
    + """
local server, orphan_s, all = ARGV[3], ARGV[4], ARGV[5] == ''
local names = all and redis.call('SMEMBERS', key('of:' .. server)) or {ARGV[5]}
for _, name in ipairs(names) do
  if redis.call('HGET', key('avatar:' .. name), 'owner') == server then
    redis.call('HSET', key('avatar:' .. name), 'owner', '')
    redis.call('EXPIRE', key('avatar:' .. name), orphan_s)
    redis.call('ZADD', key('orphans'), 0, name)
  end
  redis.call('SREM', key('of:' .. server), name)
end
if all then forget(server) end
return #names
"""
)
"""server, s that orphans are kept, name or "" for all and to leave → how many others may take at once."""

ORPHANS_STEP = (
    _CLOCK
    + """
local grace, most, found = tonumber(ARGV[3]), tonumber(ARGV[4]), {}
for _, name in ipairs(redis.call('ZRANGEBYSCORE', key('orphans'), '-inf', now - grace, 'LIMIT', 0, most)) do
  local held = redis.call('HMGET', key('avatar:' .. name), 'owner', 'term', 'kept')
  if not held[1] then
    redis.call('ZREM', key('orphans'), name)
  else
    found[#found + 1] = {name, held[2], held[3]}
  end
end
return found
"""
)
"""grace ms, how many → [name, term, kept] of those that may be taken, the oldest first."""

TAKE_STEP = (
    _CLOCK
    + """
local server, name, term, grace = ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local since = redis.call('ZSCORE', key('orphans'), name)
local held = redis.call('HMGET', key('avatar:' .. name), 'owner', 'term', 'kept')
if not since or tonumber(since) > now - grace or held[2] ~= term then return false end
redis.call('ZINCRBY', key('load'), ARGV[7], server)
return own(server, name, held[3])
"""
)
"""server, name, term, grace ms, what it adds to the load → a new term; nothing if it is not to be had."""

FIND_STEP = (
    _CLOCK
    + """
local owner = redis.call('HGET', key('avatar:' .. ARGV[3]), 'owner')
if not owner then return false end
if not alive(owner) or redis.call('ZSCORE', key('orphans'), ARGV[3]) then return '' end
return redis.call('HGET', key('info'), owner)
"""
)
"""name → what is known of its server; "" if it has lost its server; nothing if there is none of that name."""

PLACE_STEP = (
    _CLOCK
    + """
local server, chosen = ARGV[3], ARGV[3]
local own_load = tonumber(redis.call('ZSCORE', key('load'), server) or math.huge)
for at, other in ipairs(redis.call('ZRANGE', key('load'), 0, 7)) do
  if other == server then break end
  if alive(other) then
    local load = tonumber(redis.call('ZSCORE', key('load'), other))
    if load < own_load and load < 1 then chosen = other end
    break
  end
end
if alive(chosen) then redis.call('ZINCRBY', key('load'), ARGV[4], chosen) end
return chosen ~= server and redis.call('HGET', key('info'), chosen)
"""
)
"""server, what an avatar adds to the load → the less loaded server that makes it; nothing is this one."""

EVERYWHERE_STEP = (
    _CLOCK
    + """
local most, found = tonumber(ARGV[3]), {}
for _, server in ipairs(redis.call('ZRANGEBYSCORE', key('lease'), '(' .. now, '+inf')) do
  local info = redis.call('HGET', key('info'), server)
  for _, name in ipairs(redis.call('SMEMBERS', key('of:' .. server))) do
    if #found >= most then return found end
    found[#found + 1] = {name, info}
  end
end
return found
"""
)
"""how many → [name, what is known of its server]."""
