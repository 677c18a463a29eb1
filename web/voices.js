/** The voices of all engines as the options of a <select>. */

const NAMES = new Intl.DisplayNames('en', { type: 'language', languageDisplay: 'standard' });

/**
 * Options grouped by engine; in a group the languages that the user reads come first.
 * @param {{name: string, language: string, engine: string}[]} voices of GET /api/v1/voices.
 * @param {readonly string[]} languages BCP 47, the user's.
 * @returns {HTMLOptGroupElement[]} an option's value is `engine:name`, as two engines may share a name.
 */
export function voiceGroups(voices, languages = navigator.languages) {
  const read = new Set(languages.map(primary));
  return [...new Set(voices.map(({ engine }) => engine))].map((engine) => {
    const rows = voices.filter((voice) => voice.engine === engine)
      .map(({ name, language }) => ({ name, label: label(name, language), isRead: read.has(primary(language)) }))
      .sort((a, b) => b.isRead - a.isRead || a.label.localeCompare(b.label, 'en'));
    const $group = Object.assign(document.createElement('optgroup'), { label: engine });
    $group.append(...rows.map((row) => new Option(row.label, `${engine}:${row.name}`)));
    return $group;
  });
}

function primary(tag) {
  return tag.split('-')[0].toLowerCase();
}

function label(name, language) {
  return language ? `${languageName(language)} · ${name}` : name;
}

/** "English (United States)" for en-us, and "English (United Kingdom), rp" for en-gb-x-rp, whose end is private. */
function languageName(tag) {
  const parts = tag.split('-');
  for (let known = parts.length; known > 0; known -= 1) {
    try {
      const rest = parts.slice(known).filter((part) => part !== 'x');
      return [NAMES.of(parts.slice(0, known).join('-')), ...rest].join(', ');
    } catch {
      // No BCP 47: an engine's own way to go on.
    }
  }
  return tag;
}
