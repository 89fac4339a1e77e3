# Four red circles, three blue triangles, two green squares.
set terminal pngcairo size 640,480 background "#f0ead8"
set output out
unset key; unset border; unset tics; set xrange [0:10]; set yrange [0:8]
$circles << END
1.2 6.5
4.8 7.0
8.6 4.2
3.0 1.2
END
$triangles << END
2.6 4.3
6.4 5.6
8.3 1.3
END
$squares << END
5.5 3.2
8.9 7.0
END
plot $circles with points pt 7 ps 6 lc rgb "#d01818", $triangles with points pt 9 ps 6 lc rgb "#1a3fc4", \
     $squares with points pt 5 ps 5 lc rgb "#148a30"
