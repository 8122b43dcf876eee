// Where a text stops being JSON. The browsers' own parsers say it in different words, and some not at all.

const space = /[ \t\n\r]*/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*/y;

const offset = (text) => {
  let at = 0;
  const take = (pattern) => {
    pattern.lastIndex = at;
    const found = pattern.test(text);
    if (found) at = pattern.lastIndex;
    return found;
  };
  const expect = (sign) => {
    take(space);
    if (text[at] !== sign) throw at;
    at++;
  };
  const list = (close, item) => {
    at++;
    take(space);
    if (text[at] === close) return at++;
    for (;;) {
      item();
      take(space);
      if (text[at] === close) return at++;
      expect(",");
    }
  };
  const word = () => { if (take(string)) expect('"'); else throw at; };
  const pair = () => { take(space); word(); expect(":"); value(); };
  const value = () => {
    take(space);
    if (text[at] === "{") list("}", pair);
    else if (text[at] === "[") list("]", value);
    else if (text[at] === '"') word();
    else if (!take(scalar)) throw at;
  };
  try {
    value();
    take(space);
  } catch { /* at is where it is */ }
  return at;
};

// placeOf returns the line and column of the first mistake in words.
export const placeOf = (text) => {
  const before = text.slice(0, offset(text)).split("\n");
  return `line ${before.length}, column ${[...before.at(-1)].length + 1}`;
};
