-- purge.lua: final states -> nothing, where the retention is over or too many are kept.
-- ARGV[1] most tasks to look at      ARGV[2] most completed tasks to keep. Returns the number removed.

local most, removed = tonumber(ARGV[1]), 0

local function remove(id, key, h, code)
  redis.call('ZREM', key, id)
  forget(id)
  count(h.queue, code, -1)
  count(h.queue, 'D', 1)
  removed = removed + 1
end

local minute = redis.call('ZRANGEBYSCORE', K.purges, '-inf', int(math.floor(now / 60000)), 'LIMIT', 0, 1)[1]
if minute then
  local ids = redis.call('LPOP', K.purge .. minute, most) or {}
  local records, states = lookup(K.tasks, ids), lookup(K.state, ids)
  for i, id in ipairs(ids) do
    local s = parse(states[i])
    if readable(records[i], states[i]) and keep_for[s.code] then
      local h = header(records[i])
      -- A task that was redriven and ended again stands on a later list as well.
      if s.finished + retention(h, s.code) <= now then remove(id, index[s.code], h, s.code) end
    end
  end
  if #ids < most then
    redis.call('ZREM', K.purges, minute)
  end
end

local surplus = redis.call('ZCARD', K.completed) - tonumber(ARGV[2])
if surplus > 0 then
  local ids = redis.call('ZRANGE', K.completed, 0, math.min(surplus, most) - 1)
  local records = lookup(K.tasks, ids)
  for i, id in ipairs(ids) do
    if readable(records[i]) then remove(id, K.completed, header(records[i]), 'c') else redis.call('ZREM', K.completed, id) end
  end
end
if removed > 0 then commit() end
return removed
