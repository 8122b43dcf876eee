-- finish.lua: running -> completed, failed, retry, canceled, or pending where the attempt was released.
-- finish(holder, groups, outcomes) records a batch, counts it for the holder (see read_holder), and returns for each '1'
-- recorded, '2' recorded before, '0' refused: the task is not this worker's any more (fencing: the id must stand on its list,
-- with its name and this attempt number).

-- recorded_before: the reply to this very report was lost, and it is sent again.
local function recorded_before(o, s)
  if s.worker ~= o.worker then return false end
  if o.kind == 'release' then
    return s.code == 'x' and s.attempt == o.attempt or (s.code == 'p' or s.code == 'x') and s.attempt == o.attempt - 1
  end
  return s.attempt == o.attempt and s.code ~= 'a' and s.code ~= 'r'
end

local results = {}
local function keep_result(id, result)
  if result == '' then return end
  results[#results + 1] = id
  results[#results + 1] = result
end

local function settle(o, h, s)
  local kind = s.stop == '1' and 'cancel' or o.kind
  if s.stop == '1' then redis.call('SREM', K.cancels .. o.worker, o.id) end
  if kind == 'ok' then
    s.error = ''
    finalize(o.id, h, s, 'c', '')
    return keep_result(o.id, o.result)
  end
  s.error = o.error
  if kind == 'cancel' then
    note(o.id, s, 'canceled', o.error)
    return finalize(o.id, h, s, 'x', 'canceled')
  end
  if o.outcome ~= '' then note(o.id, s, o.outcome, o.error) end -- else it never began
  if kind == 'fail' then return finalize(o.id, h, s, 'f', o.reason) end
  silenced[#silenced + 1] = o.id
  s.started, s.assigned = 0, 0
  if kind == 'release' then
    s.code, s.attempt, s.error, s.stop = 'p', s.attempt - 1, '', '0'
    return enqueue(o.id, h.queue, h.priority, true)
  end
  s.code, s.due, s.stop = 'y', now + o.delay, '0'
  redis.call('ZADD', K.retry, int(s.due), o.id)
  if redis.call('ZRANK', K.retry, o.id) == 0 then wake() end
  count(h.queue, 'y', 1)
  count(h.queue, 'R', 1)
end

-- take_off takes ids off the worker's list and returns which of them stood there. The running ones stand first on it, and
-- of them mostly those that end first: many at once are taken off in one piece.
local function take_off(holder, ids)
  local key, found, running = K.processing .. holder.id, {}, holder.running
  if #ids < 3 or running < 1 or running > 8 * #ids then
    for _, id in ipairs(ids) do found[id] = redis.call('LREM', key, 1, id) == 1 or found[id] end
    return found
  end
  local leaving, left, staying, read, to = {}, #ids, {}, 0, math.min(running, #ids + 16)
  for _, id in ipairs(ids) do leaving[id] = true end
  while left > 0 and read < running do
    for _, id in ipairs(redis.call('LRANGE', key, read, to - 1)) do
      if leaving[id] then
        found[id], left = true, left - 1
      else
        staying[#staying + 1] = id
      end
    end
    read, to = to, running
  end
  if #staying < read then
    redis.call('LTRIM', key, read, -1)
    many('LPUSH', key, reversed(staying))
  end
  return found
end

-- mine tells whether the report is of the attempt that this worker runs.
local function mine(o, state)
  if not state then return false end
  local attempt, worker = string.match(state, '^r|(%d+)|%d+|([^|]*)|')
  return worker == o.worker and attempt == o.attempt_text
end

-- complete_all is the common case of finish, without reading the tasks: attempts of this worker that ended well and that
-- nobody asked to stop, in groups of one queue, retention and attempt. Tasks that began together have the same state: what
-- becomes of it is found once. A report that is anything else joins the outcomes. Adds to values what finish writes, and answers
-- in the order of the reports.
local function complete_all(holder, groups, outcomes, answers, values)
  local worker, ended_text, at = holder.id, '|' .. now_text .. '|0||', 0
  for _, group in ipairs(groups) do
    local ids, leaving, states, becomes = group.ids, {}, lookup(K.state, group.ids), { [false] = false }
    for i, state in ipairs(states) do
      local final = becomes[state]
      if final == nil then
        local kept, attempt, by = string.match(state, '^r(|(%d+)|%d+|([^|]*)|%d+|%d+|%d+)|%d+|[0' .. AHEAD .. ']|')
        final = by == worker and attempt == group.attempt and 'c' .. kept .. ended_text
        becomes[state] = final
      end
      states[i] = final
      if final then leaving[#leaving + 1] = ids[i] end
    end
    local found, done = #leaving > 0 and take_off(holder, leaving) or {}, {}
    for i, id in ipairs(ids) do
      at = at + 1
      if found[id] and states[i] then
        found[id], answers[at] = nil, '1'
        local n = #values
        values[n + 1], values[n + 2], done[#done + 1] = id, states[i], id
        if group.results then keep_result(id, group.results[i]) end
      else
        outcomes[#outcomes + 1] = { worker = worker, id = id, attempt = tonumber(group.attempt), kind = 'ok',
          attempt_text = group.attempt, outcome = 'ok', error = '', result = group.results and group.results[i] or '', at = at }
      end
    end
    if #done > 0 then
      enter(done, group.queue, group.keep, 'c')
      count(group.queue, 'r', -#done)
      holder.running = holder.running - #done
    end
  end
end

-- give_back is settle for what never began and nobody asked to stop: it goes back to the head of its queue, and those that
-- were fetched together get the same state. It returns that, or nil where the outcome is another one.
local unspent = {}
local function give_back(o, record, state)
  if o.kind ~= 'release' or o.outcome ~= '' or not unspent[state] then return nil end
  local priority, queue = string.match(record, '^(%d)|([^|]*)|')
  count(queue, 'r', -1)
  silenced[#silenced + 1] = o.id
  enqueue(o.id, queue, priority, true)
  return unspent[state]
end

-- settled is the state after an outcome.
local function settled(o, record, state)
  local h, s = header(record), parse(state)
  count(h.queue, 'r', -1)
  settle(o, h, s)
  local text = format(s)
  if s.code == 'p' and o.outcome == '' then unspent[state] = text end
  return text
end

-- finish_others takes each outcome by itself.
local function finish_others(holder, outcomes, answers, values)
  local ids, leaving = {}, {}
  for i, o in ipairs(outcomes) do ids[i] = o.id end
  local records, states, his = lookup(K.tasks, ids), lookup(K.state, ids), {}
  for i, o in ipairs(outcomes) do
    his[i] = mine(o, states[i]) and readable(records[i], states[i])
    if his[i] then leaving[#leaving + 1] = o.id end
  end
  local found = #leaving > 0 and take_off(holder, leaving) or {}
  for i, o in ipairs(outcomes) do
    answers[o.at] = '0'
    if found[o.id] and his[i] then
      found[o.id] = nil
      holder.running = holder.running - 1
      values[#values + 1] = o.id
      values[#values + 1] = give_back(o, records[i], states[i]) or settled(o, records[i], states[i])
      answers[o.at] = '1'
    elseif records[i] and recorded_before(o, parse(states[i])) then
      answers[o.at] = '2'
    end
  end
end

local function finish(holder, groups, outcomes)
  local answers, values = {}, {}
  complete_all(holder, groups, outcomes, answers, values)
  finish_others(holder, outcomes, answers, values)
  if #values > 0 then
    many('HSET', K.state, values)
    if #results > 0 then many('HSET', K.results, results) end
    flush()
  end
  return answers
end
