// Four indicator lamps on a steel panel; the red and the yellow one are lit.
#version 3.7;
global_settings { assumed_gamma 1.0 }
camera { location <0.6, 1.5, -9> look_at <0, 0, 0> angle 52 right x * 16/9 }
light_source { <-6, 9, -10> color rgb 0.8 }
box { <-6, -3, 0>, <6, 3, 1> pigment { color rgb <0.33, 0.36, 0.40> } finish { ambient 0.15 diffuse 0.7 specular 0.3 } }
#macro Lamp(X, Colour, Lit)
  torus { 0.78, 0.13 rotate x*90 translate <X, 0, -0.05> pigment { color rgb 0.75 } finish { diffuse 0.5 specular 0.9 } }
  sphere { 0, 0.72 scale <1, 1, 0.55> translate <X, 0, -0.05>
    pigment { color Colour * (Lit ? 1 : 0.16) } finish { emission (Lit ? 0.5 : 0) diffuse 0.55 specular 0.6 roughness 0.01 } }
  #if (Lit) light_source { <X, 0, -1.2> color Colour * 0.3 fade_distance 1 fade_power 2 } #end
#end
Lamp(-2.7, rgb <0.1, 0.9, 0.2>, 0)
Lamp(-0.9, rgb <1, 0.1, 0.06>, 1)
Lamp(0.9, rgb <0.15, 0.35, 1>, 0)
Lamp(2.7, rgb <1, 0.85, 0.1>, 1)
