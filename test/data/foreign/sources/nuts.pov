// Five hexagon nuts and three washers on a table.
#version 3.7;
global_settings { assumed_gamma 1.0 }
camera { location <0, 9, -6.5> look_at <0, 0, -0.3> angle 46 right x * 4/3 }
light_source { <-8, 14, -6> color rgb 1.1 area_light 2*x, 2*z, 5, 5 adaptive 1 }
background { color rgb 0.6 }
plane { y, 0 pigment { wood turbulence 0.05 scale 0.35 rotate x*88 color_map { [0 rgb <0.62, 0.42, 0.24>] [1 rgb <0.48, 0.30, 0.16>] } } }
#declare Brass = texture { pigment { color rgb <0.85, 0.62, 0.18> } finish { ambient 0.15 diffuse 0.7 specular 0.6 roughness 0.03 } }
#declare Steel = texture { pigment { color rgb 0.62 } finish { ambient 0.15 diffuse 0.6 specular 0.7 roughness 0.02 } }
#declare Nut = difference {
  prism { 0, 0.55, 7, <1, 0>, <0.5, 0.866>, <-0.5, 0.866>, <-1, 0>, <-0.5, -0.866>, <0.5, -0.866>, <1, 0> }
  cylinder { -y, 2*y, 0.52 } scale 0.75 texture { Brass } }
#declare Washer = difference { cylinder { 0, 0.1*y, 0.75 } cylinder { -y, y, 0.38 } texture { Steel } }
object { Nut rotate y*10 translate <-2.6, 0, 1.2> }
object { Nut rotate y*35 translate <0.2, 0, 1.5> }
object { Nut rotate y*52 translate <2.3, 0, -0.2> }
object { Nut rotate y*20 translate <-1.0, 0, -0.6> }
object { Nut rotate y*5 translate <0.7, 0, -2.2> }
object { Washer translate <2.2, 0, 1.9> }
object { Washer translate <-2.9, 0, -1.2> }
object { Washer translate <-1.2, 0, -2.6> }
