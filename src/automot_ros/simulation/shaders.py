"""GLSL programs of the camera: ground, bodies, buildings, soft shadows, glow of lamps, sky.

Conventions: map frame, z up; image row 0 is the first row of the frame buffer, so nothing is flipped on read-back.
Light and haze are worked out at the vertices: on a CPU a fragment must cost no more than one texture look-up.
"""

_COMMON = """
#version 330
layout(std140) uniform Scene {
    mat4 view_projection;
    vec4 eye;            // camera position, metres; w: 1 by night
    vec4 camera_right;   // w: cosine of the ego's heading
    vec4 camera_up;      // w: sine of the ego's heading
    vec4 to_sun;         // unit vector; w: how dark shadows are
    vec4 sun_color;      // w: 1 where the road is wet
    vec4 ambient_sky;    // w: 1 in fog
    vec4 ambient_ground;
    vec4 haze;           // colour of the horizon; w: density, 1/m
};

float clear_air(vec3 at) {
    float far = length(at - eye.xyz) * haze.w;
    return exp(-far * far);
}

// Low beam of the ego: a cone ahead that fades with distance and leaves what is high in the dark.
vec3 head_light(vec3 at, vec3 normal) {
    vec2 away = at.xy - eye.xy;
    float far = max(length(away), 0.5);
    vec2 ray = away / far;
    float ahead = smoothstep(0.66, 0.96, dot(ray, vec2(camera_right.w, camera_up.w)));
    float low = 1.0 - 0.8 * smoothstep(0.9, 2.6, at.z);
    float facing = max(dot(normal, vec3(-0.6 * ray, 0.85)), 0.0);
    return eye.w * vec3(1.6, 1.5, 1.25) * ahead * low * facing / (1.0 + far * far / 900.0);
}

vec3 lit(vec3 color, vec3 normal, vec3 at) {
    vec3 ambient = mix(ambient_ground.rgb, ambient_sky.rgb, 0.5 * normal.z + 0.5);
    vec3 light = ambient + sun_color.rgb * max(dot(normal, to_sun.xyz), 0.0);
    if (eye.w > 0.0) light += head_light(at, normal);
    return color * light;
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
    vec3 base = in_color.rgb;
    float grain = in_color.a;
    float mirror = 0.0;
    if (sun_color.w > 0.0) {
        // What is gray is paved: it turns dark when wet, and mirrors the sky where one looks along it.
        float tint = max(base.r, max(base.g, base.b)) - min(base.r, base.b);
        float paved = sun_color.w * clamp(1.0 - 9.0 * tint, 0.0, 1.0);
        base *= 1.0 - 0.42 * paved;
        float steep = clamp((eye.z - at.z) / length(at - eye.xyz), 0.0, 1.0);
        mirror = paved * (0.02 + 0.62 * pow(1.0 - steep, 5.0));
        grain += 1.3 * mirror;
    }
    vec3 shaded = mix(lit(base, vec3(0.0, 0.0, 1.0), at), haze.rgb, mirror);
    color = vec4(mix(haze.rgb, shaded, air), grain * air * air);
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
in vec4 box_color;        // rgb; brake lamps 0..1, and 2 more in the first half of a flash

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
uniform vec4 looks[MATERIALS];   // colour of a material; w: share of the box's own colour
uniform vec4 glows[MATERIALS];   // light it gives by itself; w: gloss
out vec3 color;
void main() {
    vec3 at = placed(in_position);
    vec3 normal = turned(in_normal);
    int material = int(in_material + 0.5);
    float own = hash(floor(box_base.xy * 3.0));
    vec3 base = mix(looks[material].rgb, box_color.rgb, looks[material].w);
    vec3 glow = glows[material].rgb;
    float flash = step(1.5, box_color.a);
    if (material == 3) glow += (box_color.a - 2.0 * flash) * vec3(0.75, 0.1, 0.08);
    if (material == 5) base *= 1.0 - 0.5 * own;
    if (material == 6) base *= 0.8 + 0.8 * own;
    if (material == 7) base *= (0.66 + 0.6 * in_position.z) * (0.84 + 0.32 * hash(in_position.xy + in_position.z))
                               * vec3(0.85 + 0.35 * own, 1.0, 1.0);
    if (material == 3 || material == 4) glow *= 1.0 + eye.w;
    if (material == 10) glow = box_color.rgb;
    if (material == 18) glow = flash * vec3(1.0, 0.12, 0.1);
    if (material == 19) glow = (1.0 - flash) * vec3(0.15, 0.4, 1.0);
    if (material == 20) glow = flash * vec3(1.0, 0.68, 0.08);
    vec3 shaded = lit(base, normal, at) + glow;
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
out vec4 wall;            // w: how much of the frames is to be seen
out vec4 glass;           // w: light from inside by night
out vec2 texel;           // eight windows across the tile
void main() {
    vec3 at = placed(in_position);
    vec3 normal = turned(in_normal);
    float own = hash(floor(box_base.xy));
    float air = clear_air(at);
    vec3 shaded = lit(box_color.rgb, normal, at) * (0.86 + 0.14 * in_position.z);
    wall = vec4(mix(haze.rgb, shaded, air), mix(1.0, air, ambient_sky.w));
    vec3 pane = mix(vec3(0.17, 0.21, 0.27) * (1.0 - 0.85 * eye.w), haze.rgb * 0.6, 0.2 + 0.3 * own);
    glass = vec4(mix(haze.rgb, pane, air), eye.w * air);
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
in vec4 wall;
in vec4 glass;
in vec2 texel;
out vec4 out_color;
void main() {
    vec3 w = texture(windows, texel).rgb;
    vec3 inside = glass.w * vec3(0.85, 0.66, 0.36) * smoothstep(0.46, 0.75, w.b);
    vec3 pane = glass.rgb * mix(1.0, 0.6 + w.b, wall.w) + inside;
    out_color = vec4(mix(wall.rgb * (1.0 + 0.2 * wall.w * w.g), pane, w.r), 1.0);
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
    strength = 0.55 * to_sun.w * clear_air(at);
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
