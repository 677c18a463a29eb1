// One plugin by the package "vtubestudio" as it is: its steps are told as lines of JSON, for the test to check.
import { createInterface } from 'node:readline';
import { ApiClient } from 'vtubestudio';
import { WebSocket } from 'ws';

const tell = (step, told = {}) => console.log(JSON.stringify({ step, told }));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
let token = null;
const client = new ApiClient({
  authTokenGetter: async () => token,
  authTokenSetter: async (given) => { token = given; },
  pluginName: 'Node plugin',
  pluginDeveloper: 'Somebody',
  webSocketFactory: (url) => new WebSocket(url),
  port: Number(process.argv[2]),
});
client.on('error', (error) => tell('error', { message: String(error.message ?? error), ...error.data }));
await new Promise((resolve) => { client.on('connect', resolve); });
tell('connected', { token });
tell('state', await client.apiState());
tell('statistics', await client.statistics());
tell('model', await client.currentModel());
tell('hotkeys', await client.hotkeysInCurrentModel());
await client.events.modelLoaded.subscribe((told) => tell('loaded', told));
await client.events.hotkeyTriggered.subscribe((told) => tell('triggered', told));
tell('trigger', await client.hotkeyTrigger({ hotkeyID: 'joy' }));
tell('expressions', await client.expressionState({ details: true }));
tell('activation', await client.expressionActivation({ expressionFile: 'anger.exp3.json', active: true }));
for (let i = 0; i < 10; i += 1) {
  await client.injectParameterData({ faceFound: true, mode: 'set', parameterValues: [{ id: 'MouthOpen', value: 1 }] });
  if (i === 5) tell('injected');
  await new Promise((resolve) => { setTimeout(resolve, 50); });
}
tell('last');
await client.injectParameterData({ parameterValues: [{ id: 'NoSuchParameter', value: 1 }] })
  .catch(({ data }) => tell('refused', data));
tell('created', await client.parameterCreation({ parameterName: 'MyValue', explanation: 'mine', min: 0, max: 1, defaultValue: 0 }));
tell('parameters', await client.inputParameterList());
tell('face', await client.faceFound());
const { availableModels } = await client.availableModels();
tell('load', await client.modelLoad({ modelID: availableModels.find(({ modelLoaded }) => !modelLoaded).modelID }));
tell('items', await client.itemList({}));
tell('physics', await client.getCurrentModelPhysics());
await lines.next(); // until the test has seen all of it
client.disconnect();
process.exit(0);
