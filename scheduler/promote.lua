-- promote.lua: scheduled, retry -> pending, where their time has come.
-- ARGV[1] most tasks to move from each. Returns {moved, ms until the next is due, or -1}.

local index_code = { [K.scheduled] = 's', [K.retry] = 'y' }

local function due(key)
  local ids = redis.call('ZRANGEBYSCORE', key, '-inf', int(now), 'LIMIT', 0, tonumber(ARGV[1]))
  local records, states, values = lookup(K.tasks, ids), lookup(K.state, ids), {}
  for i, id in ipairs(ids) do
    local s = parse(states[i])
    if readable(records[i], states[i]) and (s.code == 's' or s.code == 'y') then
      local h = header(records[i])
      count(h.queue, s.code, -1)
      s.code = 'p'
      values[#values + 1] = id
      values[#values + 1] = format(s)
      enqueue(id, h.queue, h.priority)
    elseif records[i] and not readable(records[i], states[i]) then
      put_aside(id, string.match(records[i], '^%d|([^|]*)|'), index_code[key])
    end
  end
  if #ids > 0 then
    many('ZREM', key, ids)
    if #values > 0 then many('HSET', K.state, values) end
  end
  return #ids
end

local function wait(key)
  local first = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
  return first[2] and math.max(tonumber(first[2]) - now, 0) or math.huge
end

local moved = due(K.scheduled) + due(K.retry)
flush()
if counted() then commit() end
local next_due = math.min(wait(K.scheduled), wait(K.retry))
return { moved, next_due < math.huge and next_due or -1 }
