"""GLSL programs of the camera: ground, bodies, buildings, soft shadows, glow of lamps, sky.

Conventions: map frame, z up; image row 0 is the first row of the frame buffer, so nothing is flipped on read-back.
Light and haze are worked out at the vertices: on a CPU a fragment must cost no more than one texture look-up.
"""

_COMMON = """
#version 330
layout(std140) uniform Scene {
    mat4 view_projection;
    vec4 eye;            // camera position, metres
    vec4 camera_right;
    vec4 camera_up;
    vec4 to_sun;         // unit vector
    vec4 sun_color;
    vec4 ambient_sky;
    vec4 ambient_ground;
    vec4 haze;           // colour of the horizon; w: density, 1/m
};

float clear_air(vec3 at) {
    float far = length(at - eye.xyz) * haze.w;
    return exp(-far * far);
}

vec3 lit(vec3 color, vec3 normal) {
    vec3 ambient = mix(ambient_ground.rgb, ambient_sky.rgb, 0.5 * normal.z + 0.5);
    return color * (ambient + sun_color.rgb * max(dot(normal, to_sun.xyz), 0.0));
}
"""

GROUND_VERTEX = _COMMON + """
uniform vec2 origin;  // the terrain travels with the car
in vec3 in_position;
in vec4 in_color;    // rgb, and how grainy it is
out vec4 color;      // w: how much the grain changes it
out vec2 texel;
void main() {
    vec3 at = in_position + vec3(origin, 0.0);
    float air = clear_air(at);
    vec3 shaded = lit(in_color.rgb, vec3(0.0, 0.0, 1.0));
    color = vec4(mix(haze.rgb, shaded, air), in_color.a * air * air);
    // Turned against the map, so that the repeating tile does not line up with the streets.
    texel = vec2(0.8 * at.x + 0.6 * at.y, 0.8 * at.y - 0.6 * at.x) / 22.0;
    gl_Position = view_projection * vec4(at, 1.0);
}
"""

GROUND_FRAGMENT = """
#version 330
uniform sampler2D noise;
in vec4 color;
in vec2 texel;
out vec4 out_color;
void main() { out_color = vec4(color.rgb * (1.0 + color.w * (texture(noise, texel).r - 0.5)), 1.0); }
"""

_INSTANCE = """
in vec3 in_position;      // inside the unit box: x, y in -0.5..0.5, z in 0..1
in vec3 in_normal;
in float in_material;
in vec3 box_base;         // centre of the underside, map frame
in vec2 box_turn;         // cosine and sine of the yaw
in vec3 box_size;
in vec4 box_color;        // rgb, and 1 when it stands with its foot on the brake

vec3 placed(vec3 p) {
    vec3 q = p * box_size;
    return box_base + vec3(box_turn.x * q.x - box_turn.y * q.y, box_turn.y * q.x + box_turn.x * q.y, q.z);
}

vec3 turned(vec3 n) {
    vec3 q = n / box_size;
    return normalize(vec3(box_turn.x * q.x - box_turn.y * q.y, box_turn.y * q.x + box_turn.x * q.y, q.z));
}

float hash(vec2 p) {
    return fract(sin(dot(p, vec2(12.9898, 78.233))) * 43758.5453);
}
"""

BODY_VERTEX = _COMMON + _INSTANCE + """
uniform vec4 looks[16];   // colour of a material; w: share of the box's own colour
uniform vec4 glows[16];   // light it gives by itself; w: gloss
out vec3 color;
void main() {
    vec3 at = placed(in_position);
    vec3 normal = turned(in_normal);
    int material = int(in_material + 0.5);
    float own = hash(floor(box_base.xy * 3.0));
    vec3 base = mix(looks[material].rgb, box_color.rgb, looks[material].w);
    vec3 glow = glows[material].rgb;
    if (material == 3) glow += box_color.a * vec3(0.75, 0.1, 0.08);
    if (material == 5) base *= 1.0 - 0.5 * own;
    if (material == 6) base *= 0.8 + 0.8 * own;
    if (material == 7) base *= (0.66 + 0.6 * in_position.z) * (0.84 + 0.32 * hash(in_position.xy + in_position.z))
                               * vec3(0.85 + 0.35 * own, 1.0, 1.0);
    if (material == 10) glow = box_color.rgb;
    vec3 shaded = lit(base, normal) + glow;
    vec3 ray = normalize(at - eye.xyz);
    float fresnel = glows[material].w * (0.15 + 0.85 * pow(1.0 - max(-dot(ray, normal), 0.0), 3.0));
    vec3 mirrored = mix(ambient_ground.rgb, haze.rgb, smoothstep(-0.1, 0.3, reflect(ray, normal).z));
    color = mix(haze.rgb, mix(shaded, mirrored, fresnel), clear_air(at));
    gl_Position = view_projection * vec4(at, 1.0);
}
"""

BODY_FRAGMENT = """
#version 330
in vec3 color;
out vec4 out_color;
void main() { out_color = vec4(color, 1.0); }
"""

BUILDING_VERTEX = _COMMON + _INSTANCE + """
out vec3 wall;
out vec3 glass;
out vec2 texel;           // eight windows across the tile
void main() {
    vec3 at = placed(in_position);
    vec3 normal = turned(in_normal);
    float own = hash(floor(box_base.xy));
    float air = clear_air(at);
    vec3 shaded = lit(box_color.rgb, normal) * (0.86 + 0.14 * in_position.z);
    wall = mix(haze.rgb, shaded, air);
    glass = mix(haze.rgb, mix(vec3(0.17, 0.21, 0.27), haze.rgb * 0.6, 0.2 + 0.3 * own), air);
    vec2 extent = vec2(abs(in_normal.x) > 0.5 ? box_size.y : box_size.x, box_size.z);
    vec2 across = vec2((abs(in_normal.x) > 0.5 ? in_position.y : in_position.x) + 0.5, in_position.z);
    vec2 windows = max(vec2(1.0), floor(extent / vec2(2.9 + 0.6 * own, 3.2)));
    // A roof looks up one texel of bare wall.
    texel = abs(in_normal.z) > 0.5 ? vec2(0.0) : (across * windows + floor(own * 8.0)) / 8.0;
    gl_Position = view_projection * vec4(at, 1.0);
}
"""

BUILDING_FRAGMENT = """
#version 330
uniform sampler2D windows;   // R pane, G frame, B how light this pane is
in vec3 wall;
in vec3 glass;
in vec2 texel;
out vec4 out_color;
void main() {
    vec3 w = texture(windows, texel).rgb;
    out_color = vec4(mix(wall * (1.0 + 0.2 * w.g), glass * (0.6 + w.b), w.r), 1.0);
}
"""

SHADOW_VERTEX = _COMMON + _INSTANCE + """
out vec2 across;
out float strength;
void main() {
    across = in_position.xy * 2.0;
    vec3 at = placed(vec3(in_position.xy * (1.0 + 0.9 / box_size.xy), 0.0));
    at.xy -= to_sun.xy / max(to_sun.z, 0.3) * min(box_size.z, 6.0) * 0.35;
    at.z = box_base.z + 0.035 + 0.11 * box_color.a;   // above the sidewalk where something stands on one
    strength = 0.55 * clear_air(at);
    gl_Position = view_projection * vec4(at, 1.0);
}
"""

SHADOW_FRAGMENT = """
#version 330
in vec2 across;
in float strength;
out vec4 out_color;
void main() {
    vec2 d = max(abs(across) - vec2(0.35), 0.0) / 0.65;
    out_color = vec4(0.02, 0.03, 0.05, strength * clamp(1.0 - dot(d, d), 0.0, 1.0));
}
"""

GLOW_VERTEX = _COMMON + _INSTANCE + """
out vec2 across;
out vec3 color;
void main() {
    across = in_position.xy * 2.0;
    vec3 centre = box_base + vec3(0.0, 0.0, 0.5 * box_size.z);
    vec3 at = centre + (in_position.x * camera_right.xyz + in_position.y * camera_up.xyz) * 2.6 * box_size.z;
    at += normalize(eye.xyz - at) * 0.6;
    // A lamp shines to where its box looks: behind its housing there must be no halo.
    float facing = dot(box_turn, normalize(eye.xy - box_base.xy));
    color = box_color.rgb * (0.42 * smoothstep(0.05, 0.4, facing));
    gl_Position = view_projection * vec4(at, 1.0);
}
"""

GLOW_FRAGMENT = """
#version 330
in vec2 across;
in vec3 color;
out vec4 out_color;
void main() {
    float fall = max(1.0 - dot(across, across), 0.0);
    out_color = vec4(color * fall * fall, 0.0);
}
"""

SKY_VERTEX = _COMMON + """
in vec3 in_direction;      // seen from the eye; z 0 is the horizon
in vec2 in_texel;
out vec2 texel;
void main() {
    texel = in_texel;
    gl_Position = (view_projection * vec4(eye.xyz + in_direction * 300.0, 1.0));
}
"""

SKY_FRAGMENT = """
#version 330
uniform sampler2D sky;
in vec2 texel;
out vec4 out_color;
void main() { out_color = vec4(texture(sky, texel).rgb, 1.0); }
"""
