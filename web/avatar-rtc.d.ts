/** Types of <avatar-rtc>. What each thing does is told in docs/embed.md. */

export type ConnectionState = 'connecting' | 'live' | 'retrying' | 'closed' | 'failed';
export type Activity = 'idle' | 'listening' | 'thinking' | 'speaking';
/** What becomes of the viewer's voice. */
export type MicrophoneMode = 'listen' | 'speak' | 'off';
export type FramingName = 'face' | 'bust' | 'whole';
/** Morph or cel → value. */
export type Values = Record<string, number>;
/** `[[operation, {parameter: value}], …]` */
export type Chain = [name: string, parameters?: Record<string, unknown>][];

export interface Manner {
  /** '' is the character's own. */
  voice?: string;
  /** 0.5..2 */
  speed?: number | null;
  /** A name, 'auto' to read it from the text, null for its tags alone. */
  emotion?: string | null;
  narration?: 'act' | 'skip' | 'speak' | null;
  /** More text follows by `appendSpeech`. */
  more?: boolean;
}

/** Edges as shares of width and height, 0..1. */
export interface Crop {
  enabled?: boolean;
  left?: number;
  top?: number;
  right?: number;
  bottom?: number;
}

export interface Framing {
  name: FramingName | null;
  headroom: number | null;
}

export interface Backdrop {
  name?: string | null;
  /** #rrggbb */
  colour?: string;
  fit?: 'cover' | 'contain';
  blur?: number;
  chain?: Chain | 'shared' | null;
}

export interface Pose {
  morphs?: Record<string, number>;
  /** Of ARKit or MediaPipe, each 0..1. */
  blendshapes?: Record<string, number>;
  /** Yaw, pitch, roll in degrees. */
  head?: [yaw: number, pitch: number, roll: number];
}

/** What a gesture adds to a face: morph or cel → its way, from [0, 0] to [end, 0]. */
export interface Gesture {
  title?: string;
  tracks: Record<string, [seconds: number, value: number][]>;
}

/** What an avatar is and was told; the whole of it is `Avatar` in the server's /openapi.json. */
export interface AvatarState {
  type: 'state';
  id: string;
  character: string;
  state: string;
  animator: string;
  fps: number;
  /** Px of its pictures' side before they are cut, what was asked for, and why; none of a stage. */
  size?: { wanted: 'auto' | number; px: number; why: string };
  viewers: number;
  emotion: { weights: Record<string, number>; intensity: number };
  emotions: string[];
  default_emotion: string;
  /** Names of all it can make. */
  gestures: string[];
  activity: Activity;
  overrides: Values;
  settings: Record<string, unknown>;
  paused: boolean;
  /** The pose it is held in; null while it lives. */
  still: Values | null;
  talking: boolean;
  data_eyes: boolean;
  crop: Crop;
  framing: Framing;
  shown: FramingName | 'crop';
  chain: Chain;
  backdrop: Backdrop;
  /** Whether pages are to say that it is AI-generated. */
  disclosure?: boolean;
  [field: string]: unknown;
}

interface Spoken<Type extends string> {
  type: Type;
  speech_id: string;
}

export type SpeechEvent =
  | Spoken<'speech.started'>
  | (Spoken<'speech.subtitle'> & { text: string })
  | (Spoken<'speech.word'> & { word: string; begin: number; end: number; duration_ms: number })
  | (Spoken<'speech.mark'> & { name: string })
  | ActEvent
  | (Spoken<'speech.finished'> & { position_ms: number; interrupted: boolean; detail?: string; notes?: string[] });

/** What is acted at a word. */
export interface Act {
  gesture?: string;
  emotion?: string;
  look?: string;
  /** Of a gesture or an emotion, 0..1. */
  strength?: number;
  /** How long an emotion or a glance is held. */
  seconds?: number;
  [field: string]: unknown;
}

export type ActEvent = Spoken<'speech.act'> & { act: Act };

export interface GestureEvent {
  type: 'gesture.started';
  name: string;
  strength: number;
  seconds: number;
}

/** What the server hears of this viewer: that a voice begins and ends, and ten times a second how loud it is, 0..1. */
export type HearingEvent =
  | { type: 'hearing.started'; viewer: string; interrupted: boolean }
  | { type: 'hearing.level'; level: number; voice: boolean }
  | { type: 'hearing.ended'; viewer: string; seconds: number; interrupted: boolean };

/** The reason is empty where the page asked for it. */
export interface MicrophoneChange {
  mode: MicrophoneMode;
  reason: string;
}

/** Null where it is not known (yet). */
export interface Stats {
  fps: number | null;
  bitrate_bps: number | null;
  round_trip_ms: number | null;
  jitter_buffer_ms: number | null;
  decode_ms: number | null;
  width: number | null;
  height: number | null;
  codec: string | null;
  packets_lost: number | null;
  frames_dropped: number | null;
}

export interface Answer {
  type: 'ok';
  id: string | number;
  [field: string]: unknown;
}

export interface Pong extends Answer {
  round_trip_ms: number;
  t_ms: number;
}

export interface StateChange {
  state: ConnectionState;
  reason: string;
}

export interface AvatarConnectionEventMap {
  statechange: CustomEvent<StateChange>;
  track: CustomEvent<{ stream: MediaStream }>;
  message: CustomEvent<AvatarState | SpeechEvent | { type: string; [field: string]: unknown }>;
  refusal: CustomEvent<{ detail: string }>;
  microphone: CustomEvent<MicrophoneChange>;
}

/** A connection without an element: the stream is given by the event `track`. */
export class AvatarConnection extends EventTarget {
  constructor(url: string | URL, options?: { video?: 'alpha' | 'matte'; token?: string; microphone?: MediaStream | null });
  readonly state: ConnectionState;
  readonly reason: string;
  readonly hasBeenLive: boolean;
  connect(): void;
  close(): void;
  send(message: { type: string; [field: string]: unknown }): Promise<Answer>;
  renew(token: string): Promise<boolean>;
  sendCue(t_ms: number, visemes: Record<string, number>): boolean;
  sendPose(t_ms: number, pose: Pose): boolean;
  /** Whether the server lets this viewer send its sound. */
  readonly canTalk: boolean;
  setMicrophone(mode: MicrophoneMode, track?: MediaStreamTrack | null): Promise<MicrophoneMode>;
  stats(): Promise<Stats | null>;
  addEventListener<Type extends keyof AvatarConnectionEventMap>(
    type: Type,
    listener: (this: AvatarConnection, event: AvatarConnectionEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof AvatarConnectionEventMap>(
    type: Type,
    listener: (this: AvatarConnection, event: AvatarConnectionEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string, listener: EventListenerOrEventListenerObject | null, options?: boolean | EventListenerOptions,
  ): void;
}

export interface AvatarRtcEventMap {
  statechange: CustomEvent<StateChange>;
  avatarstate: CustomEvent<AvatarState>;
  speech: CustomEvent<SpeechEvent>;
  gesture: CustomEvent<GestureEvent>;
  hearing: CustomEvent<HearingEvent>;
  act: CustomEvent<ActEvent>;
  microphonechange: CustomEvent<MicrophoneChange>;
  refusal: CustomEvent<{ detail: string }>;
  frame: CustomEvent<Partial<VideoFrameCallbackMetadata>>;
  volumechange: CustomEvent<null>;
}

/** As they stand in HTML. */
export interface AvatarRtcAttributes {
  src?: string;
  token?: string;
  muted?: boolean;
  subtitles?: boolean;
  fit?: 'contain' | 'cover' | 'fill';
  framing?: FramingName | '';
  headroom?: number | string;
  badge?: 'auto' | 'always' | 'none';
  layout?: 'alpha' | 'matte';
  talk?: 'listen' | 'speak' | '' | boolean;
}

export class AvatarCommands extends HTMLElement {
  setEmotion(
    emotion: string | Record<string, number>, intensity?: number, how?: { holdMs?: number | null },
  ): Promise<Answer>;
  playGesture(name: string, how?: { strength?: number }): Promise<number>;
  setGestures(gestures: Record<string, Gesture>): Promise<string[]>;
  setActivity(name: Activity, how?: { holdMs?: number | null }): Promise<Answer>;
  setHearing(level: number, voice?: boolean): Promise<Answer>;
  setOverrides(values: Values): Promise<Values>;
  patchOverrides(values: Record<string, number | null>): Promise<Values>;
  setSettings(values: Record<string, unknown>): Promise<Record<string, unknown>>;
  patchSettings(values: Record<string, unknown>): Promise<Record<string, unknown>>;
  setGaze(target: 'viewer' | 'away' | { x: number; y: number } | null): Promise<Answer>;
  setTalking(on: boolean): Promise<Answer>;
  setPaused(on: boolean): Promise<Answer>;
  /** Hold exactly this pose, and nothing else moves; null lets it live on. */
  setStill(values: Values | null): Promise<Values | null>;
  setDataEyes(on: boolean): Promise<Answer>;
  setFraming(name: FramingName | null, how?: { headroom?: number | null }): Promise<Framing>;
  setCrop(crop: Crop): Promise<Crop>;
  setChain(chain: Chain): Promise<Answer>;
  setBackdrop(backdrop: Backdrop): Promise<Answer>;
  say(text: string, manner?: Manner): Promise<string>;
  appendSpeech(speechId: string, text: string, how?: { more?: boolean }): Promise<Answer>;
  stopSpeaking(speechId?: string | null): Promise<Answer>;
  sendCue(t_ms: number, visemes: Record<string, number>): boolean;
  sendPose(pose: Pose, tMs?: number): boolean;
  ping(): Promise<Pong>;
}

export class AvatarRtcElement extends AvatarCommands {
  static readonly observedAttributes: (keyof AvatarRtcAttributes)[];
  src: string;
  token: string;
  muted: boolean;
  subtitles: boolean;
  fit: string;
  framing: string;
  headroom: string;
  badge: string;
  volume: number;
  readonly connection: AvatarConnection | null;
  readonly state: ConnectionState;
  readonly avatarState: AvatarState | null;
  readonly speaking: boolean;
  readonly renderer: 'webgl' | '2d' | 'video';
  layout: 'alpha' | 'matte';
  /** What is set here the avatar says. */
  microphone: MediaStream | null;
  readonly microphoneMode: MicrophoneMode;
  /** Of full scale; null without a microphone that `setMicrophone` opened. */
  readonly microphoneDb: number | null;
  readonly canTalk: boolean;
  talk: string;
  readonly activity: Activity;
  setMicrophone(mode: MicrophoneMode, from?: { device?: string; stream?: MediaStream | null }): Promise<MicrophoneMode>;
  readonly stats: Promise<Stats | null>;
  close(): void;
  addEventListener<Type extends keyof AvatarRtcEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: AvatarRtcEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener<Type extends keyof HTMLElementEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: HTMLElementEventMap[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof AvatarRtcEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: AvatarRtcEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener<Type extends keyof HTMLElementEventMap>(
    type: Type,
    listener: (this: AvatarRtcElement, event: HTMLElementEventMap[Type]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'avatar-rtc': AvatarRtcElement;
  }
}
