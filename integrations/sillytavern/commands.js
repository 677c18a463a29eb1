/** Slash commands, with what there is to choose from as the server tells it. Each answers with nothing, or with why not. */

const LOOKS = { viewer: 'viewer', away: 'away', up: { x: 0, y: 0.7 }, down: { x: 0, y: -0.7 }, left: { x: -0.7, y: 0 }, right: { x: 0.7, y: 0 }, about: null };

/**
 * @param {object} context SillyTavern's. @param {Live} live @param {Chat} chat @param {{show: Function, hide: Function, stop: Function,
 *   tell: function(string)}} does
 */
export function addCommands(context, live, chat, does) {
  const { SlashCommandParser, SlashCommand, SlashCommandArgument, SlashCommandNamedArgument, SlashCommandEnumValue, ARGUMENT_TYPE } = context;
  const choices = (of) => () => of().map((name) => new SlashCommandEnumValue(name));
  const told = (act) => async (...given) => {
    try {
      await act(...given);
    } catch (error) {
      does.tell(error.message);
    }
    return '';
  };
  const number = (name, description, usual) => SlashCommandNamedArgument.fromProps({
    name, description, typeList: [ARGUMENT_TYPE.NUMBER], defaultValue: String(usual),
  });
  const word = (description, of = null, isRequired = true) => SlashCommandArgument.fromProps({
    description, typeList: [ARGUMENT_TYPE.STRING], isRequired, ...(of && { enumProvider: choices(of) }),
  });
  const add = (name, helpString, callback, unnamed = [], named = []) => SlashCommandParser.addCommandObject(SlashCommand.fromProps({
    name, helpString, callback: told(callback), unnamedArgumentList: unnamed, namedArgumentList: named, returns: 'nothing',
  }));
  const emotions = () => live.state?.emotions ?? [];
  const gestures = () => live.state?.gestures ?? [];

  add('avatar-emotion', 'Shows an emotion: <code>/avatar-emotion strength=0.7 seconds=5 joy</code>. Without seconds it stays.',
    ({ strength, seconds }, name) => live.feel(String(name).trim(), share(strength), seconds === undefined ? null : 1_000 * positive(seconds, 'seconds')),
    [word('name of the emotion', emotions)], [number('strength', '0 to 1', 1), number('seconds', 'how long it is shown', 5)]);
  add('avatar-gesture', 'Makes a gesture once: <code>/avatar-gesture nod</code>',
    ({ strength }, name) => live.gesture(String(name).trim(), share(strength)),
    [word('name of the gesture', gestures)], [number('strength', '0 to 1', 1)]);
  add('avatar-say', 'Says a text, which may hold tags such as [joy] or [nod]; the chat stays as it is.',
    (_, text) => { chat.say(String(text)); }, [word('what to say')]);
  add('avatar-look', 'Looks somewhere until told otherwise; <code>about</code> lets it look about by itself.',
    (_, where) => live.look(place(String(where).trim())), [word('viewer, away, up, down, left, right or about', () => Object.keys(LOOKS))]);
  add('avatar-stop', 'Lets the avatar fall silent.', () => does.stop());
  add('avatar-show', 'Shows the avatar.', () => does.show());
  add('avatar-hide', 'Hides the avatar, and ends its connection.', () => does.hide());
}

function share(strength) {
  const value = strength === undefined ? 1 : Number(strength);
  if (!(value >= 0 && value <= 1)) throw new Error(`strength is ${strength}; wanted is 0 to 1`);
  return value;
}

function positive(given, name) {
  const value = Number(given);
  if (!(value > 0 && value <= 3_600)) throw new Error(`${name} is ${given}; wanted is more than 0, up to 3600`);
  return value;
}

function place(where) {
  if (!(where in LOOKS)) throw new Error(`nobody looks “${where}”; wanted is one of ${Object.keys(LOOKS).join(', ')}`);
  return LOOKS[where];
}
